import dev.metakey.client.MetakeyClient;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.Format;
import dev.metakey.model.Registered;

/** A service that registers its fields at start-up, and gets the same ids every time. */
public class EdgeService {
  public static void main(String[] args) {
    try (MetakeyClient metakey = MetakeyClient.builder().service("edge-service").connect()) {
      var answer =
          metakey.register(
              FieldSpec.of("edge.packet_id", 8)
                  .printedAs(Format.HEX)
                  .describedAs("counts the packets of this host"),
              FieldSpec.of("edge.ingress_port", 2));
      for (Registered registered : answer.value()) {
        System.out.printf(
            "edge-service: %s has id %d (%s)%n",
            registered.field().name(), registered.field().id(), registered.outcome());
      }
    }
  }
}
