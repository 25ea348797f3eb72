package dev.metakey.server.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.model.Change;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.FieldState;
import dev.metakey.model.Format;
import dev.metakey.model.Layout;
import dev.metakey.model.Merge;
import dev.metakey.model.Peer;
import dev.metakey.model.Sharing;
import dev.metakey.model.Tag;
import dev.metakey.server.domain.Limits;
import dev.metakey.server.domain.Observe;
import dev.metakey.server.domain.Register;
import dev.metakey.server.domain.Release;
import dev.metakey.server.domain.Rules;
import dev.metakey.server.domain.Start;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A wall clock that is wrong, and is set: in mid-run, over a restart, and over a reboot. */
class ClockJumpTest {
  private static final Peer ROOT = new Peer(0, 0, 1, "root").withPrivileges();
  private static final long YEARS_LATER = Instant.parse("2036-01-01T00:00:00Z").toEpochMilli();
  private static final long EPOCH = 0;
  private static final Duration QUARANTINE = Duration.ofMinutes(10);
  private static final Duration KEPT = Duration.ofDays(90);

  private final FakeStore store = new FakeStore();
  private final FakeClock clock = new FakeClock();
  private Engine engine;

  @BeforeEach
  void start() throws Exception {
    engine =
        new Engine(
            store,
            new Rules(QUARANTINE.toMillis(), 0),
            new Retention(100, KEPT.toMillis()),
            ROOT,
            clock,
            Limits.DEFAULTS);
    engine.run(new Start(clock.bootId(), Layout.SLOTTED, 128, false, Tag.NONE));
  }

  /** The daemon looks at what is loaded, which is nothing, and does what is due. */
  private void look() throws Exception {
    engine.run(Observe.seen(engine.now().ageMs(), List.of()));
    engine.doWork(0);
  }

  private void registerAndRelease(String name) {
    engine.run(new Register(List.of(FieldSpec.of(name, 8))));
    engine.run(new Release(name, 0));
  }

  private FieldState stateOfId0() {
    return engine.snapshot().byId(0).state();
  }

  @Test
  void quarantine_whenTheClockIsSetForward_lastsItsFullTime() throws Exception {
    clock.set(EPOCH);
    registerAndRelease("a");

    clock.set(YEARS_LATER);
    look();
    assertThat(stateOfId0()).isEqualTo(FieldState.RETIRED);
    start();
    look();
    assertThat(stateOfId0()).as("after a restart").isEqualTo(FieldState.RETIRED);

    clock.advance(QUARANTINE);
    look();
    assertThat(stateOfId0()).isEqualTo(FieldState.FREE);
  }

  @Test
  void quarantine_whenTheClockIsSetBack_endsInTime() throws Exception {
    registerAndRelease("a");
    clock.set(EPOCH);
    start();

    clock.advance(QUARANTINE.minusMillis(1));
    look();
    assertThat(stateOfId0()).isEqualTo(FieldState.RETIRED);
    clock.advance(Duration.ofMillis(1));
    look();
    assertThat(stateOfId0()).isEqualTo(FieldState.FREE);
  }

  @Test
  void ttl_whenTheClockIsSet_runsOutByTheTimeThatPassed() throws Exception {
    long ttlMs = 60_000;
    engine.run(
        new Register(
            List.of(
                new FieldSpec(
                    "t", 8, "", Format.DEC, Merge.UNSPECIFIED, Sharing.EXCLUSIVE, ttlMs))));

    clock.set(YEARS_LATER);
    look();
    assertThat(stateOfId0()).isEqualTo(FieldState.ACTIVE);
    clock.set(EPOCH);
    clock.advance(Duration.ofMillis(ttlMs));
    look();
    assertThat(stateOfId0()).isEqualTo(FieldState.RETIRED);
  }

  @Test
  void history_whenTheClockJumpsByYears_isKept() throws Exception {
    registerAndRelease("a");
    List<Change> before = engine.history(0, 100);

    clock.set(YEARS_LATER);
    clock.advance(Duration.ofMinutes(2)); // so that trimming is due
    look();
    assertThat(engine.history(0, 100)).containsAll(before);
    start();
    look();
    assertThat(engine.history(0, 100)).containsAll(before);
    clock.reboot(Duration.ofDays(3650));
    start();
    look();
    assertThat(engine.history(0, 100)).as("after a reboot").containsAll(before);
  }

  @Test
  void history_whenItIsOldByTheTimeThatPassed_isForgottenWhateverTheClockSays() throws Exception {
    registerAndRelease("a");
    clock.set(EPOCH);
    for (int day = 0; day <= KEPT.toDays(); day++) {
      clock.advance(Duration.ofDays(1));
      look();
      if (day % 10 == 0) {
        clock.reboot(Duration.ZERO);
        clock.set(EPOCH);
        start();
      }
    }
    look();

    assertThat(engine.history(0, 2)).extracting(Change::revision).doesNotContain(1L, 2L);
  }

  @Test
  void change_afterTheClockWasCorrected_hasTheCorrectedTime() {
    clock.set(EPOCH);
    engine.run(new Register(List.of(FieldSpec.of("a", 8))));
    clock.set(YEARS_LATER);
    engine.run(new Register(List.of(FieldSpec.of("b", 8))));

    assertThat(engine.history(0, 2)).extracting(Change::atMs).containsExactly(EPOCH, YEARS_LATER);
    assertThat(engine.snapshot().byName("b").created().atMs()).isEqualTo(YEARS_LATER);
  }
}
