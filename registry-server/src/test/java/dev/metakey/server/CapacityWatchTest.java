package dev.metakey.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.model.Field;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.FieldState;
import dev.metakey.model.Layout;
import dev.metakey.model.Owner;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Snapshot;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** That a registry which grows full is told of as long as it is, and logged once. */
class CapacityWatchTest {
  private static final Logger LOG = Logger.getLogger("dev.metakey.server");

  private final List<String> logged = new ArrayList<>();
  private final Handler handler =
      new Handler() {
        @Override
        public void publish(LogRecord line) {
          logged.add(line.getLevel() + " " + line.getMessage());
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
      };

  @BeforeEach
  void listen() {
    LOG.setLevel(Level.INFO);
    LOG.addHandler(handler);
  }

  @AfterEach
  void stopListening() {
    LOG.removeHandler(handler);
    LOG.setLevel(null);
  }

  private static Snapshot with(int fields) {
    RegistryInfo info = new RegistryInfo(new UUID(1, 2), fields, Layout.PACKED, 128);
    return Snapshot.of(info, IntStream.range(0, fields).mapToObj(id -> field(id)).toList());
  }

  private static Field field(int id) {
    return new Field.Builder(id, FieldSpec.of("edge.f" + id, 2), FieldState.ACTIVE)
        .generation(1)
        .owners(List.of(Owner.unit("edge.service")))
        .build();
  }

  @Test
  void shortage_isAProblemAsLongAsItLasts_andLoggedWhenItBeginsAndEnds() {
    CapacityWatch watch = new CapacityWatch(with(47));
    assertThat(watch.problems()).isEmpty();

    watch.committed(with(48), List.of());
    watch.committed(with(50), List.of());
    assertThat(watch.problems()).hasSize(1);
    assertThat(watch.problems().get(0)).startsWith("50 of 64 ids").contains("edge.service: 50");
    assertThat(logged).hasSize(1);
    assertThat(logged.get(0)).startsWith("WARNING 48 of 64 ids");

    watch.committed(with(47), List.of());
    assertThat(watch.problems()).isEmpty();
    watch.committed(with(46), List.of());
    assertThat(logged).hasSize(2).last().isEqualTo("INFO ids are not running out any more");
  }

  @Test
  void shortage_whenItIsThereAtTheStart_isLogged() {
    assertThat(new CapacityWatch(with(64)).problems()).hasSize(1);
    assertThat(logged).hasSize(1);
  }
}
