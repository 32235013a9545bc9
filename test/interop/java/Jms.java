import jakarta.jms.Connection;
import jakarta.jms.JMSException;
import jakarta.jms.Message;
import jakarta.jms.MessageConsumer;
import jakarta.jms.Queue;
import jakarta.jms.Session;
import jakarta.jms.TextMessage;
import jakarta.jms.Topic;
import java.util.ArrayList;
import java.util.List;
import org.apache.qpid.jms.JmsConnectionFactory;

/** A client of Qpid JMS: Jms.java URL NAME does what is called NAME, and prints what it has seen, one line each. */
public class Jms {
  private static final int PATIENCE = 1500;

  private static Connection connect(String url, String clientId) throws JMSException {
    Connection connection = new JmsConnectionFactory(url + "?jms.requestTimeout=5000").createConnection();
    if (clientId != null) connection.setClientID(clientId);
    connection.start();
    return connection;
  }

  private static List<String> drain(MessageConsumer consumer) throws JMSException {
    List<String> texts = new ArrayList<>();
    for (Message message = consumer.receive(PATIENCE); message != null; message = consumer.receive(PATIENCE))
      texts.add(((TextMessage) message).getText());
    return texts;
  }

  private static void send(Session session, jakarta.jms.Destination to, String... texts) throws JMSException {
    var producer = session.createProducer(to);
    for (String text : texts) {
      Message message = session.createTextMessage(text);
      message.setStringProperty("colour", text);
      producer.send(message);
    }
    producer.close();
  }

  public static void main(String[] args) {
    try {
      run(args[0], args[1]);
      System.exit(0);
    } catch (JMSException failure) {
      System.err.println(failure);
      System.exit(1);
    }
  }

  private static void run(String url, String what) throws JMSException {
    Connection connection = connect(url, "client");
    Session session = connection.createSession();
    Queue queue = session.createQueue("queue");
    Topic topic = session.createTopic("topic/prices");
    switch (what) {
      case "queue" -> {
        send(session, queue, "one", "two");
        System.out.println(drain(session.createConsumer(queue)));
      }
      case "topic" -> {
        MessageConsumer first = session.createConsumer(topic);
        MessageConsumer second = session.createConsumer(topic);
        send(session, topic, "one", "two");
        System.out.println(drain(first));
        System.out.println(drain(second));
      }
      case "durable" -> {
        session.createDurableConsumer(topic, "kept").close();
        send(session, topic, "one", "two");
        System.out.println(drain(session.createDurableConsumer(topic, "kept")));
      }
      case "shared" -> {
        MessageConsumer first = session.createSharedConsumer(topic, "work");
        Session other = connection.createSession();
        MessageConsumer second = other.createSharedConsumer(topic, "work");
        send(session, topic, "1", "2", "3", "4");
        List<String> all = drain(first);
        all.addAll(drain(second));
        all.sort(null);
        System.out.println(all);
      }
      case "unsubscribe" -> {
        session.createDurableConsumer(topic, "kept").close();
        session.unsubscribe("kept");
        send(session, topic, "one");
        System.out.println(drain(session.createDurableConsumer(topic, "kept")));
      }
      case "selector" -> {
        try {
          MessageConsumer red = session.createConsumer(queue, "colour = 'red'");
          send(session, queue, "blue", "red");
          System.out.println(drain(red));
        } catch (JMSException refused) {
          System.out.println(refused.getMessage());
        }
      }
      case "transaction" -> {
        try {
          Session transacted = connection.createSession(true, Session.SESSION_TRANSACTED);
          send(transacted, queue, "one");
          transacted.commit();
          System.out.println("committed");
        } catch (JMSException refused) {
          System.out.println(refused.getMessage());
        }
        send(session, queue, "two");
        System.out.println(drain(session.createConsumer(queue)));
      }
      default -> throw new IllegalArgumentException(what);
    }
    connection.close();
  }
}
