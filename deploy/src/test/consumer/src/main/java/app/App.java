package app;

import dev.metakey.client.MetakeyClient;
import dev.metakey.client.Watch;
import dev.metakey.client.WatchEvent;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.MetakeyException;

/** Registers a field, watches it and reads the facts of a refusal: most of what the jar has. */
public final class App {
  private App() {}

  public static void main(String[] args) {
    try (MetakeyClient metakey = MetakeyClient.builder().service("app").connect();
        Watch watch = metakey.watch()) {
      System.out.println("watched " + watch.next().getClass().getSimpleName());
      var field = metakey.register(FieldSpec.of("app.packet_id", 8)).value().get(0).field();
      System.out.println("registered " + field.name() + " " + field.id());
      if (watch.next() instanceof WatchEvent.Changes changes) {
        System.out.println("watched " + changes.changes().get(0).kind());
      }
      System.out.println("viewed " + metakey.view().get("app.packet_id").id());
      try {
        metakey.resolve("app.packet_ids");
      } catch (MetakeyException e) {
        System.out.println(e.reason() + " " + e.facts().get("similar"));
      }
    }
  }
}
