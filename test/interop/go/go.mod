module drain

// go-amqp 1.4 can be built by the Go of Debian 12, which is 1.19; 1.7 cannot.
go 1.18

require github.com/Azure/go-amqp v1.4.0
