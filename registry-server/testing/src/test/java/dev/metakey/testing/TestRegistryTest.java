package dev.metakey.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.metakey.client.MetakeyClient;
import dev.metakey.client.Watch;
import dev.metakey.client.WatchEvent;
import dev.metakey.model.ChangeKind;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.FieldState;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Reason;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class TestRegistryTest {
  @Test
  void registry_whenStarted_isARegistry() {
    try (TestRegistry registry = TestRegistry.start();
        MetakeyClient metakey = registry.connect("edge");
        Watch watch = metakey.watch()) {
      assertThat(watch.next()).isInstanceOf(WatchEvent.State.class);

      var field = metakey.register(FieldSpec.of("edge.packet_id", 8)).value().get(0).field();

      assertThat(field.id()).isZero();
      assertThat(watch.next())
          .isInstanceOfSatisfying(
              WatchEvent.Changes.class,
              changes -> assertThat(changes.changes().get(0).kind()).isEqualTo(ChangeKind.CREATED));
      assertThat(metakey.view().get("edge.packet_id")).isEqualTo(field);
      assertThat(metakey.status().value().problems()).isEmpty();
      assertThat(metakey.admin().history(0, "", 10).value().changes()).hasSize(1);
    }
  }

  @Test
  void registries_whenThereAreTwo_knowNothingOfEachOther() {
    try (TestRegistry one = TestRegistry.start();
        TestRegistry other = TestRegistry.start();
        MetakeyClient here = one.connect("edge");
        MetakeyClient there = other.connect("edge")) {
      here.register(FieldSpec.of("edge.packet_id", 8));

      assertThat(there.list("edge.", Set.of()).value()).isEmpty();
    }
  }

  @Test
  void advance_whenTheTtlIsOver_retiresTheField() {
    try (TestRegistry registry = TestRegistry.start();
        MetakeyClient metakey = registry.connect("edge")) {
      metakey.register(FieldSpec.of("edge.lease", 4).expiringAfter(Duration.ofMinutes(1)));
      registry.advance(Duration.ofMinutes(2));

      assertThat(metakey.get("edge.lease").value().state()).isEqualTo(FieldState.RETIRED);
    }
  }

  @Test
  void advance_whenTheQuarantineIsOver_freesTheId() {
    try (TestRegistry registry = TestRegistry.start();
        MetakeyClient metakey = registry.connect("edge")) {
      metakey.register(FieldSpec.of("edge.gone", 4));
      metakey.release("edge.gone");
      registry.advance(Duration.ofHours(1));

      assertThatThrownBy(() -> metakey.get("edge.gone"))
          .isInstanceOfSatisfying(
              MetakeyException.class, e -> assertThat(e.reason()).isEqualTo(Reason.NOT_FOUND));
    }
  }

  @Test
  void close_always_leavesNeitherSocketNorThread() {
    Path socket;
    try (TestRegistry registry = TestRegistry.start()) {
      socket = registry.socket();
      assertThat(socket).exists();
    }
    assertThat(socket.getParent()).doesNotExist();
    assertThat(Thread.getAllStackTraces().keySet())
        .noneMatch(thread -> thread.getName().startsWith("registry-"));
  }
}
