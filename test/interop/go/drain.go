// drain URL NODE CREDIT TAKEN: gives CREDIT credits, receives TAKEN messages, and asks for the rest of its credit back,
// which the broker has to answer. Prints the bodies of the messages that had come by then. Then it sends `last`, and
// prints the body of what comes for one more credit.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"strconv"
	"time"

	"github.com/Azure/go-amqp"
)

// patience is how long everything together may take.
const patience = 20 * time.Second

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := run(ctx, os.Args[1], os.Args[2], number(os.Args[3]), number(os.Args[4])); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, url, node string, credit, taken int) error {
	connection, err := amqp.Dial(ctx, url, nil)
	if err != nil {
		return err
	}
	defer connection.Close()
	session, err := connection.NewSession(ctx, nil)
	if err != nil {
		return err
	}
	// -1: credit is given by hand.
	receiver, err := session.NewReceiver(ctx, node, &amqp.ReceiverOptions{Credit: -1})
	if err != nil {
		return err
	}
	if credit > 0 {
		if err := receiver.IssueCredit(uint32(credit)); err != nil {
			return err
		}
	}
	for range make([]struct{}, taken) {
		if _, err := take(ctx, receiver); err != nil {
			return err
		}
	}
	if err := receiver.DrainCredit(ctx, nil); err != nil {
		return fmt.Errorf("the drain was not answered: %w", err)
	}
	prefetched := []string{}
	for message := receiver.Prefetched(); message != nil; message = receiver.Prefetched() {
		prefetched = append(prefetched, text(message))
		if err := receiver.AcceptMessage(ctx, message); err != nil {
			return err
		}
	}
	fmt.Println(prefetched)
	return goOn(ctx, session, receiver)
}

// goOn shows that the link carries messages after the drain.
func goOn(ctx context.Context, session *amqp.Session, receiver *amqp.Receiver) error {
	sender, err := session.NewSender(ctx, receiver.Address(), nil)
	if err != nil {
		return err
	}
	if err := sender.Send(ctx, &amqp.Message{Value: "last"}, nil); err != nil {
		return err
	}
	if err := receiver.IssueCredit(1); err != nil {
		return err
	}
	next, err := take(ctx, receiver)
	if err != nil {
		return err
	}
	fmt.Println(next)
	return nil
}

// take receives and accepts the next message, and returns its body.
func take(ctx context.Context, receiver *amqp.Receiver) (string, error) {
	message, err := receiver.Receive(ctx, nil)
	if err != nil {
		return "", err
	}
	return text(message), receiver.AcceptMessage(ctx, message)
}

func text(message *amqp.Message) string {
	return fmt.Sprint(message.Value)
}

func number(argument string) int {
	value, err := strconv.Atoi(argument)
	if err != nil {
		log.Fatal(err)
	}
	return value
}
