package app;

import dev.metakey.client.MetakeyClient;
import dev.metakey.model.FieldSpec;
import dev.metakey.testing.TestRegistry;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/** What a test of the application does: a registry in its process, with the same old libraries. */
public final class Rehearsal {
  private Rehearsal() {}

  public static void main(String[] args) {
    Path socket;
    try (TestRegistry registry = TestRegistry.start();
        MetakeyClient metakey = registry.connect("app")) {
      socket = registry.socket();
      FieldSpec lease = FieldSpec.of("app.lease", 4).expiringAfter(Duration.ofMinutes(1));
      System.out.println("registered " + metakey.register(lease).value().get(0).field().id());
      registry.advance(Duration.ofMinutes(2));
      System.out.println("then " + metakey.get("app.lease").value().state());
    }
    System.out.println("left " + Files.exists(socket.getParent()));
  }
}
