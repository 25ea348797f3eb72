package dev.metakey.example;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.metakey.client.MetakeyClient;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.FieldState;
import dev.metakey.testing.TestRegistry;
import java.time.Duration;
import org.junit.jupiter.api.Test;

final class EdgeFieldsTest {
  @Test
  void lease_whenItIsNotRenewed_isRetired() {
    try (TestRegistry registry = TestRegistry.start();
        MetakeyClient edge = registry.connect("edge")) {
      FieldSpec lease = FieldSpec.of("edge.lease", 4).expiringAfter(Duration.ofMinutes(1));
      assertEquals(0, edge.register(lease).value().get(0).field().id());

      registry.advance(Duration.ofMinutes(2)); // at once

      assertEquals(FieldState.RETIRED, edge.get("edge.lease").value().state());
    }
  }
}
