package dev.metakey.server.fleet;

import dev.metakey.fleet.v1.Name;
import dev.metakey.model.Field;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.FieldState;
import dev.metakey.model.FleetStatus;
import dev.metakey.model.RegistryInfo;
import dev.metakey.server.domain.Fleet;
import dev.metakey.server.domain.FleetField;
import dev.metakey.server.domain.FleetPlan;
import dev.metakey.server.domain.Slots;
import dev.metakey.server.engine.Engine;
import dev.metakey.server.fleet.FleetMoves.Spot;
import dev.metakey.server.fleet.FleetStore.Entry;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * This host in its fleet: joins, claims names, holds what it uses and leaves what it does not. What
 * it goes by is its {@link Knowledge}.
 *
 * <p><b>Concurrency.</b> For one thread, which waits for the store's answers.
 */
final class Membership {
  private static final int TRIES = 10;

  /** etcd takes 128 operations in a transaction. */
  private static final int HOLDS_AT_ONCE = 32;

  /** How long a name that was claimed may be without a field here, milliseconds. */
  static final long CLAIMED_MS = 60_000;

  private FleetSettings settings;
  private FleetStore store;
  private final ThisHost host;
  private final Engine engine;
  private final Supplier<Long> clock;
  private final Knowledge knowledge;
  private final HostKey key;
  private final FleetKeys keys;
  private FleetMoves moves;
  private final Set<String> held = new HashSet<>();
  private final Map<String, Long> claimedAt = new HashMap<>();
  private final Retirements retirements = new Retirements();
  private long factsRevision;
  private long hosts;
  private boolean connected;
  private String obstacle = "";

  Membership(
      FleetSettings settings,
      FleetStore store,
      ThisHost host,
      Engine engine,
      Supplier<Long> clock) {
    this.settings = settings;
    this.store = store;
    this.host = host;
    this.engine = engine;
    this.clock = clock;
    this.knowledge = new Knowledge(settings, host, engine);
    this.key = new HostKey(settings.name(), clock.get());
    this.keys = FleetKeys.of(settings.name());
    this.moves = movesOfThisHost();
  }

  private FleetMoves movesOfThisHost() {
    return new FleetMoves(keys, registryId(), host.name(), host.machine(), host.version());
  }

  private String registryId() {
    return engine.snapshot().info().registryId().toString();
  }

  private long now() {
    return clock.get();
  }

  /** Whether the registry was restored, so that it is another one for its fleet. */
  boolean isRenamed() {
    return !registryId().equals(moves.registryId());
  }

  /** Takes on what the host has known before. */
  void recall() {
    knowledge.recall();
    tell();
  }

  /** Goes on with another store, and with settings that name the same fleet. */
  void take(FleetSettings wanted, FleetStore next) {
    settings = wanted;
    store = next;
    knowledge.take(wanted);
  }

  /** What keeps this host from going on with another store; empty if nothing does. */
  String obstacle(FleetStore next) {
    try {
      Entry facts = next.read(List.of(keys.facts())).entries().get(keys.facts());
      if (facts == null || facts.value() == null) {
        return "that etcd does not have the fleet " + settings.name();
      }
      FleetFacts told = FleetFacts.parse(facts.value());
      return told.fleetId().equals(current().facts().fleetId()) ? "" : obstacle(told);
    } catch (FleetException e) {
      return e.why();
    }
  }

  private boolean isJoined() {
    return knowledge.joinedAs().equals(moves.registryId());
  }

  /** Whether a name was claimed that has no field here, and may have to be given back. */
  boolean hasOpenClaims() {
    return !claimedAt.isEmpty();
  }

  private boolean isMember() {
    return isJoined() && obstacle.isEmpty();
  }

  boolean isConnected() {
    return connected;
  }

  long revision() {
    return knowledge.revision();
  }

  FleetView current() {
    return knowledge.current();
  }

  FleetKeys keys() {
    return keys;
  }

  FleetMoves moves() {
    return moves;
  }

  /** How many hosts have joined, as counted last. */
  int hosts() {
    return (int) Math.min(hosts, Integer.MAX_VALUE);
  }

  /** What the rules go by. */
  Fleet fleet() {
    return engine.rules().fleet();
  }

  /** What keeps this host from joining; empty if nothing does. */
  String notJoined() {
    if (isMember() || !connected) {
      return "";
    }
    return obstacle.isEmpty()
        ? "it has names of its own that the fleet is to have ('metakey fleet plan' shows them); an admin joins with 'metakey fleet join'"
        : obstacle;
  }

  /** How much of what it may have in the fleet this host has. */
  FleetStatus.Quota quota() {
    return FleetLimits.quota(
        settings, knowledge.view(), moves.registryId(), this::isQuarantineOver);
  }

  List<String> problems() {
    List<String> problems = new ArrayList<>();
    if (!obstacle.isEmpty()) {
      problems.add(obstacle);
    }
    problems.addAll(knowledge.problems());
    return problems;
  }

  /**
   * Reads all, and does what is to be done.
   *
   * @throws FleetException if the store does not answer; the host goes on by what it knows
   */
  void connect() throws FleetException {
    moves = movesOfThisHost();
    read();
    if (obstacle.isEmpty()) {
      String joinedAs = knowledge.joinedAs();
      if (isJoined() || (joinedAs.isEmpty() && own().isEmpty())) {
        enter();
      } else if (!joinedAs.isEmpty()) {
        moveIn(joinedAs);
      }
    }
    hosts = store.count(keys.hosts());
    connected = true;
    tell();
    reconcile();
  }

  /** The store is away; the host goes on by what it knows. */
  void disconnected() {
    connected = false;
    tell();
  }

  private void tell() {
    if (knowledge.view() != null) {
      retirements.look(current().names().values(), engine.now().ageMs());
    }
    engine.take(knowledge.asFleet(isMember(), !connected));
  }

  /** Takes on what a watch tells; where that raises a doubt, all is read again, at one revision. */
  void changed(Collection<Entry> news, long newRevision) throws FleetException {
    List<String> before = current().faults();
    knowledge.hear(news, newRevision);
    if (!before.containsAll(current().faults())) {
      read();
    }
    tell();
    reconcile();
  }

  /** Reads all again. */
  void refresh() throws FleetException {
    read();
    tell();
  }

  private void read() throws FleetException {
    FleetStore.Read read = readKeys();
    FleetView known = knowledge.view();
    if (read.entries().get(keys.facts()) == null) {
      FleetFacts first = known != null ? known.facts() : factsOfThisHost();
      boolean unused = store.commit(moves.create(first)); // or another host was faster
      read = readKeys();
    }
    Entry facts = Objects.requireNonNull(read.entries().get(keys.facts()));
    FleetFacts told = FleetFacts.parse(Objects.requireNonNull(facts.value()));
    factsRevision = facts.revision();
    key.look(read.entries().get(keys.host(moves.registryId())));
    obstacle = obstacle(told);
    if (known != null && !known.facts().fleetId().equals(told.fleetId())) {
      knowledge.refused(obstacle);
      throw new FleetException(obstacle);
    }
    knowledge.take(known != null ? known.facts() : told, read);
    knowledge.refused(obstacle);
    readHeld();
  }

  private FleetStore.Read readKeys() throws FleetException {
    List<String> asked = new ArrayList<>(knowledge.asked());
    asked.addAll(List.of(keys.facts(), keys.host(moves.registryId())));
    return store.read(asked);
  }

  private FleetFacts factsOfThisHost() {
    RegistryInfo info = engine.snapshot().info();
    return new FleetFacts(
        UUID.randomUUID(),
        info.layout(),
        info.areaBytes(),
        settings.firstId(),
        settings.lastId(),
        settings.quarantineMs());
  }

  private String obstacle(FleetFacts facts) {
    RegistryInfo info = engine.snapshot().info();
    FleetView known = knowledge.view();
    if (known != null && !known.facts().fleetId().equals(facts.fleetId())) {
      return "etcd has another fleet under the name %s: its id is %s, and this host knows that of %s; give the fleet of this host another name, or remove %s to have this host join anew"
          .formatted(settings.name(), facts.fleetId(), known.facts().fleetId(), host.file());
    }
    if (known != null && !known.facts().equals(facts)) {
      return "etcd has other facts of the fleet %s than this host knows: %s, and not %s; this host changes nothing there until they are as they were, or, if all hosts are to have the new ones, until %s is removed and metakeyd restarted"
          .formatted(settings.name(), facts.text(), known.facts().text(), host.file());
    }
    if (facts.layout() != info.layout() || facts.areaBytes() != info.areaBytes()) {
      return "this host has layout %s with area %d, and the fleet %s has layout %s with area %d; it stays away from the fleet until they are the same"
          .formatted(
              info.layout(), info.areaBytes(), settings.name(), facts.layout(), facts.areaBytes());
    }
    return key.obstacle(moves);
  }

  private void readHeld() throws FleetException {
    held.clear();
    List<String> asked =
        Stream.concat(
                current().names().keySet().stream(),
                current().outdated().values().stream().map(Named::name))
            .map(name -> keys.hold(name, moves.registryId()))
            .toList();
    for (String each : store.read(asked).entries().keySet()) {
      String withoutId = each.substring(0, each.lastIndexOf('/'));
      held.add(withoutId.substring(withoutId.lastIndexOf('/') + 1));
    }
  }

  /** The names of the fleet that this host has, wherever. */
  private List<Field> own() {
    return FleetPlan.own(engine.snapshot(), settings.prefixes());
  }

  /** Joins, or is there again after somebody said that it is gone. */
  private void enter() throws FleetException {
    key.put(store, moves, now());
    obstacle = key.obstacle(moves);
    knowledge.joined(moves.registryId());
  }

  /** The registry has another id than when it joined: after a restore, or a recovery. */
  private void moveIn(String former) throws FleetException {
    Entry old = store.read(List.of(keys.host(former))).entries().get(keys.host(former));
    enter();
    reconcile(); // first the holds under the new id, so that no name is without one
    if (old != null
        && HostKey.hostOf(old).getMachine().equals(moves.machine())
        && !moves.machine().isEmpty()) {
      boolean unused = store.commit(moves.forget(former, current().names().keySet()));
    }
  }

  /** Joins with what this host has already: what agrees is held, and what is free is claimed. */
  void join() throws FleetException {
    refresh();
    if (!obstacle.isEmpty()) {
      throw new FleetException(obstacle);
    }
    enter();
    for (Field field : own()) {
      if (FleetPlan.isFree(field, fleet())) {
        Name name =
            moves.name(
                field.spec(),
                new Spot(field.id(), field.slot(), 1, null),
                FleetField.serviceOf(field),
                now());
        boolean unused =
            store.commit(moves.claim(key.revision(), factsRevision, name, null, now()));
      }
    }
    refresh();
    reconcile();
  }

  /**
   * Holds what this host uses, offers what the store has forgotten, leaves what it does not use.
   */
  void reconcile() throws FleetException {
    claimedAt.values().removeIf(at -> Math.abs(now() - at) >= CLAIMED_MS); // clocks jump
    for (int i = 0; i < TRIES && isMember() && reconcileOnce(); i++) {
      refresh();
    }
  }

  /** Returns whether the fleet has to be read again. */
  private boolean reconcileOnce() throws FleetException {
    if (key.isMissing()) {
      enter(); // somebody said that this host is gone
    }
    Set<String> used = knowledge.used();
    boolean isOld = false;
    List<Named> unsettled = new ArrayList<>();
    for (Named named : current().names().values()) {
      boolean isUsed = used.contains(named.name());
      if (isUsed) {
        claimedAt.remove(named.name()); // it has its field
      }
      boolean isSettled = held.contains(named.name()) && !named.field().retired();
      if (named.revision() == 0) {
        isOld |=
            store.commit(
                moves.offer(
                    key.revision(),
                    factsRevision,
                    named.live(),
                    current().outdated().get(named.name()),
                    knowledge.placesOf(named.value())));
      } else if (isUsed && named.revision() > 0 && !isSettled && unsettled.size() < HOLDS_AT_ONCE) {
        unsettled.add(named);
      }
    }
    for (Map.Entry<String, List<String>> each : knowledge.strays().missing().entrySet()) {
      Named named = current().names().get(each.getKey());
      if (named != null && used.contains(named.name())) {
        isOld |= store.commit(moves.mend(key.revision(), named, each.getValue()));
      }
    }
    if (!unsettled.isEmpty()) {
      boolean isDone = store.commit(moves.hold(key.revision(), unsettled, now()));
      isOld |= !isDone || unsettled.size() == HOLDS_AT_ONCE;
      for (Named named : unsettled) {
        isOld |= named.field().retired();
        if (isDone) {
          held.add(named.name());
        }
      }
    }
    for (String name : List.copyOf(held)) {
      if (!used.contains(name) && !claimedAt.containsKey(name)) {
        leave(name);
        isOld |= !current().outdated().isEmpty();
      }
    }
    return isOld;
  }

  private void leave(String name) throws FleetException {
    boolean unused = store.commit(moves.leave(name));
    held.remove(name);
    Named named = current().names().get(name);
    if (named != null && named.revision() > 0 && !named.field().retired()) {
      unused = store.commit(moves.retire(named, now()));
    }
  }

  /**
   * Has the fleet give a name a place, unless it has one or nobody can be asked.
   *
   * @return whether the fleet has one for it
   * @throws FleetException if the store does not answer
   * @throws dev.metakey.model.MetakeyException if the fleet has no room for it
   */
  boolean claim(FieldSpec spec, String service) throws FleetException {
    if (!isMember() || !settings.prefixes().contains(spec.name())) {
      return false;
    }
    for (int i = 0; i < TRIES; i++) {
      Named known = current().names().get(spec.name());
      if (known != null && !known.field().retired()) {
        return true;
      }
      if (key.isMissing()) {
        enter();
      }
      if (attempt(spec, service, known)) {
        claimedAt.put(spec.name(), now());
      }
      refresh();
      if (!isMember()) {
        return false;
      }
    }
    throw new FleetException("other hosts claim so much that this one did not get its turn");
  }

  private boolean attempt(FieldSpec spec, String service, @Nullable Named retired)
      throws FleetException {
    if (retired != null) {
      FleetLimits.requireSame(retired, spec, service);
      return store.commit(moves.hold(key.revision(), List.of(retired), now()));
    }
    FleetLimits.requireQuota(
        settings, current(), spec, service, moves.registryId(), this::isQuarantineOver);
    Spot spot = FleetMoves.spot(current(), spec, takenIds(), takenBytes(), this::isQuarantineOver);
    if (spot == null) {
      throw FleetLimits.noRoom(current(), spec, settings.name());
    }
    Name name = moves.name(spec, spot, service, now());
    return store.commit(moves.claim(key.revision(), factsRevision, name, spot.replaced(), now()));
  }

  private boolean isQuarantineOver(Named retired) {
    return retirements.isOver(retired, current().facts().quarantineMs(), engine.now().ageMs());
  }

  private BitSet takenIds() {
    BitSet ids = engine.programs().linkedIds();
    ids.or(knowledge.strays().ids());
    engine.snapshot().records().stream()
        .filter(field -> !field.is(FieldState.FREE))
        .forEach(field -> ids.set(field.id()));
    return ids;
  }

  private BitSet takenBytes() {
    BitSet bytes = engine.programs().linkedBytes();
    bytes.or(knowledge.strays().bytes());
    bytes.or(Slots.takenBytes(engine.snapshot()));
    return bytes;
  }
}
