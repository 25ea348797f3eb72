package dev.metakey.example;

import dev.metakey.client.Answer;
import dev.metakey.client.MetakeyClient;
import dev.metakey.client.View;
import dev.metakey.model.Field;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.Format;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Registered;
import java.time.Duration;
import java.util.List;

/** Registers a field of its own, waits for somebody else's, and follows the registry. */
public final class PacketTagger {
  private PacketTagger() {}

  public static void main(String[] args) {
    try (MetakeyClient metakey = MetakeyClient.builder().service("packet-tagger").connect()) {
      System.out.println(describe(registerOwn(metakey)));

      // Another service owns this one, and may start later than we do.
      Field flow = metakey.await(Duration.ofSeconds(30), "edge.flow_id").value().get(0);
      System.out.println(describe(flow));

      // In the packet path: no call, no lock, no garbage.
      View view = metakey.view();
      Field field = view.get("edge.packet_id");
      System.out.println(field == null ? "released meanwhile" : describe(field));
    } catch (MetakeyException e) {
      System.err.println("packet-tagger: " + e.getMessage());
      System.exit(e.reason().exitCode());
    }
  }

  /** The same id at every start, for good. */
  static Field registerOwn(MetakeyClient metakey) {
    FieldSpec spec =
        FieldSpec.of("edge.packet_id", 8)
            .describedAs("one number for each packet")
            .printedAs(Format.HEX);
    Answer<List<Registered>> answer = metakey.register(spec);
    return answer.value().get(0).field();
  }

  static String describe(Field field) {
    return "%s: id %d, %d bytes, starts %d bytes before the packet"
        .formatted(field.name(), field.id(), field.size(), field.slot());
  }
}
