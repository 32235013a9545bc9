import com.sun.net.httpserver.HttpServer;
import java.io.File;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Collectors;
import org.apache.activemq.broker.BrokerPlugin;
import org.apache.activemq.broker.BrokerService;
import org.apache.activemq.broker.region.RegionBroker;
import org.apache.activemq.security.AuthenticationUser;
import org.apache.activemq.security.SimpleAuthenticationPlugin;
import org.apache.activemq.store.kahadb.KahaDBPersistenceAdapter;

/** ActiveMQ Classic as its own activemq.xml sets it up for AMQP: Classic.java FOLDER PORT TLS-PORT HTTP-PORT USER PASSWORD */
public class Classic {
  public static void main(String[] args) throws Exception {
    BrokerService broker = new BrokerService();
    broker.setBrokerName("test");
    broker.setUseJmx(false);
    broker.setSchedulerSupport(true);
    broker.setDataDirectory(args[0]);
    KahaDBPersistenceAdapter store = new KahaDBPersistenceAdapter();
    store.setDirectory(new File(args[0], "kahadb"));
    broker.setPersistenceAdapter(store);
    AuthenticationUser user = new AuthenticationUser(args[4], args[5], "admins");
    broker.setPlugins(new BrokerPlugin[] {new SimpleAuthenticationPlugin(List.of(user))});
    String options = "?maximumConnections=1000&wireFormat.maxFrameSize=104857600";
    broker.addConnector("amqp://127.0.0.1:" + args[1] + options);
    broker.addConnector("amqp+ssl://127.0.0.1:" + args[2] + options);
    tellDepths(broker, Integer.parseInt(args[3]));
    broker.start();
    broker.waitUntilStopped();
    System.exit(0);
  }

  /** Answers each request over HTTP with a line for each queue: how many messages it holds, and its name. */
  private static void tellDepths(BrokerService broker, int port) throws Exception {
    HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", port), 0);
    server.createContext("/", exchange -> {
      RegionBroker region = (RegionBroker) broker.getRegionBroker();
      String lines = region.getQueueRegion().getDestinationMap().values().stream()
          .map(queue -> queue.getDestinationStatistics().getMessages().getCount() + " " + queue.getName())
          .collect(Collectors.joining("\n"));
      byte[] answer = lines.getBytes(StandardCharsets.UTF_8);
      exchange.sendResponseHeaders(200, answer.length == 0 ? -1 : answer.length);
      exchange.getResponseBody().write(answer);
      exchange.close();
    });
    server.start();
  }
}
