package dev.metakey.server.transport;

import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.model.MetakeyException;
import dev.metakey.model.Peer;
import dev.metakey.server.domain.Limits;
import dev.metakey.server.domain.Limits.Bound;
import dev.metakey.server.domain.Policy;
import dev.metakey.server.domain.Rules;
import dev.metakey.server.engine.PolicyShares;
import dev.metakey.server.engine.Rate;
import dev.metakey.server.engine.Shares;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class ConnectionsTest {
  private static final Limits LIMITS =
      Raw.limits(new Bound("connections", 4, 6, 0), Limits.DEFAULTS.each());

  private final Shares shares = peer -> false;
  private final Connections connections = new Connections(LIMITS, shares);
  private final List<Connection> dropped = new ArrayList<>();

  private static PeerProcess process(int uid) {
    return new PeerProcess(
        uid, uid, 1, CgroupPlace.of(List.of()), false, false, false, Set.of(), "test");
  }

  private Connection connection(int uid) {
    AtomicReference<Connection> made = new AtomicReference<>();
    made.set(new Connection(process(uid), shares, Runnable::run, () -> dropped.add(made.get())));
    return made.get();
  }

  private Connection opened(int uid) {
    Connection connection = connection(uid);
    assertThat(connections.open(connection)).isNull();
    return connection;
  }

  private Connection asked(int uid) {
    Connection connection = opened(uid);
    connections.asked(connection);
    return connection;
  }

  @Test
  void open_whenAllTogetherAreTooMany_dropsASilentOneOfTheUidThatHasTheMost() {
    opened(1000);
    asked(1001);
    Connection first = opened(1001);
    Connection second = opened(1001);
    asked(1001);
    opened(1002);

    opened(1003);
    assertThat(dropped).containsExactly(first);
    opened(1004);
    assertThat(dropped).containsExactly(first, second);
  }

  @Test
  void open_whenNoneIsSilent_dropsAnUnusedOneOfTheUidThatHasMoreThanTheNewOnes() {
    Connection used = asked(1001);
    used.calls.incrementAndGet();
    Connection unused = asked(1001);
    asked(1001);
    asked(1000);
    asked(1000);
    asked(1002);

    asked(1003);
    assertThat(dropped).containsExactly(unused);
    assertThat(connections.open(connection(1000))).isNotNull();
    assertThat(dropped).hasSize(1);
  }

  @Test
  void open_whenOneUidHasTooMany_dropsOnlyItsOwnSilentOnes() {
    opened(1000);
    asked(1001);
    asked(1001);
    asked(1001);
    Connection silent = opened(1001);

    asked(1001);
    assertThat(dropped).containsExactly(silent);
    assertThat(connections.use(0).get(0).refused()).as("room was made").isZero();
    assertThat(connections.open(connection(1001))).isNotNull();
    assertThat(dropped).hasSize(1);
    assertThat(connections.use(0).get(0).refused()).isEqualTo(1);
  }

  @Test
  void connectsTooOften_whenEnoughOfAUidsAreLookedAt_letsHalfAsManyInAtOnce() {
    long nowNs = System.nanoTime();
    for (int i = 0; i < 512; i++) {
      assertThat(connections.connectsTooOften(1001, true, nowNs)).isNull();
    }

    assertThat(connections.connectsTooOften(1001, true, nowNs)).isNotNull();
    assertThat(connections.connectsTooOften(1001, false, nowNs)).isNull();
    assertThat(connections.connectsTooOften(1002, true, nowNs)).isNull();
  }

  @Test
  void connectsTooOften_whenOneUidConnectsAgainAndAgain_refusesItForAWhileAndNoOther() {
    int most = Rate.BURST_S * LIMITS.connectsPerSecond();
    long nowNs = System.nanoTime();
    for (int i = 0; i < most; i++) {
      assertThat(connections.connectsTooOften(1001, false, nowNs)).isNull();
    }

    assertThat(connections.connectsTooOften(1001, false, nowNs).get())
        .contains("uid 1001", "512 a second");
    assertThat(connections.connectsTooOften(1002, false, nowNs)).isNull();
    assertThat(connections.connectsTooOften(1001, false, nowNs + TimeUnit.SECONDS.toNanos(1)))
        .isNull();
  }

  @Test
  void dropIdle_whenSeveralUidsHaveSome_dropsThoseOfTheBiggestAndNoLastOne() {
    opened(1000);
    Connection used = asked(1001);
    used.calls.incrementAndGet();
    Connection asked = asked(1001);
    Connection silent = opened(1001);
    opened(1002);

    assertThat(connections.dropIdle()).isTrue();
    assertThat(dropped).containsExactly(silent);
    assertThat(connections.dropIdle()).isTrue();
    assertThat(dropped).containsExactly(silent, asked);
    assertThat(connections.dropIdle()).isFalse();
  }

  @Test
  void standing_whenThePolicyChanges_isLookedForOnceMore() {
    AtomicReference<Rules> rules = new AtomicReference<>(new Rules(0, 1001));
    AtomicInteger looks = new AtomicInteger();
    PolicyShares policy = new PolicyShares(rules::get);
    Connection connection =
        new Connection(
            process(1000),
            new Shares() {
              @Override
              public boolean isAdmin(Peer peer) {
                looks.incrementAndGet();
                return policy.isAdmin(peer);
              }

              @Override
              public Object generation() {
                return policy.generation();
              }
            },
            Runnable::run,
            () -> {});

    assertThat(connection.isAdmin()).isFalse();
    assertThat(connection.isAdmin()).isFalse();
    rules.set(new Rules(0, 1000, Policy.OPEN, ""));
    assertThat(connection.isAdmin()).isTrue();
    assertThat(connection.isAdmin()).isTrue();

    assertThat(looks).hasValue(2);
  }

  @Test
  void tooOften_whenAUidSpins_isHeldOnAllItsConnectionsAndOthersAreNot() {
    Connection first = connection(1000);
    Connection second = connection(1000);
    int most = Rate.BURST_S * LIMITS.callsPerSecond();
    for (int i = 0; i < most; i++) {
      assertThat(connections.tooOften(i % 2 == 0 ? first : second, 0)).isNull();
    }

    assertThat(connections.tooOften(first, 0)).isNotNull();
    MetakeyException refusal = connections.tooOften(second, 0);
    assertThat(refusal).hasMessageContaining("5000 calls a second; try again in 1 ms");
    assertThat(connections.tooOften(connection(1001), 0)).isNull();
    assertThat(connections.tooOften(first, 1_000_000)).isNull();
  }

  @Test
  void tooOften_hasTheConnectionRestTheLongerTheMoreItsUidHas() {
    List<Connection> theirs = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      theirs.add(opened(1000));
    }
    for (int i = 0; i < Rate.BURST_S * LIMITS.callsPerSecond(); i++) {
      assertThat(connections.tooOften(theirs.get(0), 0)).isNull();
    }
    assertThat(theirs.get(0).takeRest()).isZero();

    assertThat(connections.tooOften(theirs.get(0), 0)).isNotNull();

    assertThat(theirs.get(0).takeRest()).isEqualTo(3 * Connections.REST_MS);
    assertThat(theirs.get(0).takeRest()).as("once").isZero();
    assertThat(theirs.get(1).takeRest()).as("of another connection").isZero();
  }
}
