package dev.metakey.server.engine;

import static dev.metakey.server.domain.Loaded.place;
import static dev.metakey.server.domain.Loaded.program;
import static dev.metakey.server.domain.Loaded.use;
import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.model.Field;
import dev.metakey.model.FieldSpec;
import dev.metakey.server.domain.Observe;
import dev.metakey.server.domain.Register;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** When fields were used last: noted in memory, and stored now and then. */
class UseNotesTest {
  private static final Duration DAY = Duration.ofDays(1);

  private final FakeStore store = new FakeStore();
  private final FakeClock clock = new FakeClock();

  private Engine engine() throws Exception {
    return Engines.begun(store, clock);
  }

  private static Field registered(Engine engine, String name) {
    return engine.run(new Register(List.of(FieldSpec.of(name, 8)))).get(0).field();
  }

  private static long sinceMs(Engine engine, int id) {
    return engine.now().ageMs() - engine.uses().read().lastMs(id, -1);
  }

  @Test
  void note_isTheLastUse() throws Exception {
    Engine engine = engine();
    Field field = registered(engine, "edge.a");
    clock.advance(DAY);
    assertThat(sinceMs(engine, field.id())).isEqualTo(DAY.toMillis());

    engine.uses().note(List.of(field));
    assertThat(sinceMs(engine, field.id())).isZero();
  }

  @Test
  void change_isAUse() throws Exception {
    Engine engine = engine();
    clock.advance(DAY);
    assertThat(sinceMs(engine, 0)).as("before anybody had it").isEqualTo(DAY.toMillis());

    registered(engine, "edge.a");
    assertThat(sinceMs(engine, 0)).isZero();
  }

  @Test
  void linkedProgram_usesItsFieldAsLongAsItIsLoaded() throws Exception {
    Engine engine = engine();
    registered(engine, "edge.a");
    engine.run(
        Observe.seen(engine.now().ageMs(), List.of(program(1, use("edge.a", 8, place(0, 24, 1))))));
    clock.advance(DAY);
    assertThat(sinceMs(engine, 0)).isZero();

    engine.run(Observe.seen(engine.now().ageMs(), List.of()));
    clock.advance(DAY);
    assertThat(sinceMs(engine, 0)).isEqualTo(DAY.toMillis());
  }

  @Test
  void uses_whenManyAreNoted_areStoredOnceInTenMinutes() throws Exception {
    Engine engine = engine();
    Field field = registered(engine, "edge.a");
    engine.doWork(0);
    assertThat(store.usesKept()).isEqualTo(1);

    for (int second = 1; second < 600; second++) {
      clock.advance(Duration.ofSeconds(1));
      engine.uses().note(List.of(field));
      engine.doWork(0);
    }
    assertThat(store.usesKept()).isEqualTo(1);
    clock.advance(Duration.ofSeconds(1));
    engine.doWork(0);
    assertThat(store.usesKept()).isEqualTo(2);

    clock.advance(DAY);
    engine.doWork(0);
    assertThat(store.usesKept()).as("nothing was used since").isEqualTo(2);
  }

  @Test
  void uses_afterARestart_areAsTheyWereStored() throws Exception {
    Engine engine = engine();
    registered(engine, "edge.a");
    clock.advance(DAY);
    engine.uses().note(List.of(registered(engine, "edge.b")));
    engine.storeUses();

    clock.advance(DAY);
    Engine again = engine();
    assertThat(sinceMs(again, 0)).isEqualTo(2 * DAY.toMillis());
    assertThat(sinceMs(again, 1)).isEqualTo(DAY.toMillis());
  }

  /** Nothing is known of the time before, so no field may look abandoned because of it. */
  @Test
  void uses_whenNoneWereStored_beginNow() throws Exception {
    registered(engine(), "edge.a");
    clock.advance(DAY);

    assertThat(sinceMs(engine(), 0)).isZero();
  }

  @Test
  void storing_whenTheDiskIsFull_isAProblemThatEnds() throws Exception {
    Engine engine = engine();
    store.disk(FakeStore.Disk.FULL);
    engine.doWork(0);
    assertThat(engine.storeProblem()).contains("full");

    store.disk(FakeStore.Disk.WORKS);
    clock.advance(Duration.ofHours(1));
    engine.doWork(0);
    assertThat(engine.storeProblem()).isNull();
    assertThat(store.usesKept()).isEqualTo(1);
  }
}
