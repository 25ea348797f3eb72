package dev.metakey.server.fleet;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.metakey.fleet.v1.Host;
import dev.metakey.fleet.v1.Known;
import dev.metakey.fleet.v1.Name;
import dev.metakey.model.Field;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.FieldState;
import dev.metakey.model.RegistryInfo;
import dev.metakey.server.domain.Fleet;
import dev.metakey.server.domain.FleetField;
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
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * This host in its fleet: what it knows, holds and claims.
 *
 * <p><b>Concurrency.</b> For one thread, which waits for the store's answers.
 *
 * <p><b>Durability.</b> What the host knows is in its file before the rules go by it.
 */
final class Membership {
  private static final int TRIES = 10;

  /** etcd takes 128 operations in a transaction. */
  private static final int HOLDS_AT_ONCE = 32;

  /** How long a name that was claimed may be without a field here, milliseconds. */
  private static final long CLAIMED_MS = 60_000;

  private final FleetSettings settings;
  private final FleetStore store;
  private final FleetFile file;
  private final ThisHost registry;
  private final Supplier<Long> clock;
  private final FleetKeys keys;
  private FleetMoves moves;
  private final Map<String, Entry> entries = new TreeMap<>();
  private final Set<String> held = new HashSet<>();
  private final Map<String, Long> claimedAt = new HashMap<>();
  private Known saved = Known.getDefaultInstance();
  private @Nullable FleetView view;
  private long factsRevision;
  private long hostRevision;

  /** What the store says of this host. */
  private Host said = Host.getDefaultInstance();

  private final long startedMs;

  /** When the daemon was started that this one came after, or what the store said of it before. */
  private long formerMs = Long.MAX_VALUE;

  private long hosts;
  private long revision;
  private boolean connected;
  private String obstacle = "";
  private String fileProblem = "";

  Membership(
      FleetSettings settings,
      FleetStore store,
      FleetFile file,
      ThisHost registry,
      Supplier<Long> clock) {
    this.settings = settings;
    this.store = store;
    this.file = file;
    this.registry = registry;
    this.clock = clock;
    this.startedMs = clock.get();
    this.keys = FleetKeys.of(settings.name());
    this.moves = movesOfThisHost();
  }

  private FleetMoves movesOfThisHost() {
    return new FleetMoves(
        keys, registryId(), registry.name(), registry.machine(), registry.version());
  }

  private String registryId() {
    return registry.snapshot().info().registryId().toString();
  }

  /** Whether the registry was restored, so that it is another one for its fleet. */
  boolean isRenamed() {
    return !registryId().equals(moves.registryId());
  }

  /** Takes on what the host has known before. */
  void recall() {
    try {
      Known known = file.read();
      if (known.getFleet().equals(settings.name()) && known.hasFacts()) {
        FleetFacts facts = FleetFacts.of(known.getFacts());
        Map<String, Named> names = new TreeMap<>();
        for (Name each : known.getNamesList()) {
          Named named = Named.of(each, 0);
          names.put(named.name(), named);
        }
        saved = known;
        revision = known.getRevision();
        view = new FleetView(facts, names, List.of());
      }
    } catch (FleetException | RuntimeException e) {
      fileProblem =
          "what this host knew of its fleet is lost, until etcd can be asked: %s"
              .formatted(e.getMessage());
    }
    tell();
  }

  boolean isJoined() {
    return saved.getRegistryId().equals(moves.registryId());
  }

  boolean isConnected() {
    return connected;
  }

  long revision() {
    return revision;
  }

  String watched() {
    return keys.names();
  }

  @Nullable FleetView view() {
    return view;
  }

  FleetKeys keys() {
    return keys;
  }

  FleetMoves moves() {
    return moves;
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

  List<String> problems() {
    List<String> problems = new ArrayList<>();
    if (!obstacle.isEmpty()) {
      problems.add(obstacle);
    }
    if (!fileProblem.isEmpty()) {
      problems.add(fileProblem);
    }
    if (view != null) {
      problems.addAll(view.faults());
    }
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
      if (isJoined() || (saved.getRegistryId().isEmpty() && own().isEmpty())) {
        enter();
      } else if (!saved.getRegistryId().isEmpty()) {
        moveIn(saved.getRegistryId());
      }
    }
    hosts = store.count(keys.hosts());
    connected = true;
    save();
    reconcile();
  }

  /** How many hosts have joined, as counted last. */
  int hosts() {
    return (int) Math.min(hosts, Integer.MAX_VALUE);
  }

  /** The store is away; the host goes on by what it knows. */
  void disconnected() {
    connected = false;
    tell();
  }

  private void read() throws FleetException {
    FleetStore.Read read = readKeys();
    Entry facts = read.entries().get(keys.facts());
    if (facts == null) {
      FleetFacts first = view != null ? view.facts() : factsOfThisHost();
      boolean unused = store.commit(moves.create(first)); // or another host was faster
      read = readKeys();
      facts = Objects.requireNonNull(read.entries().get(keys.facts()));
    }
    FleetFacts told = FleetFacts.parse(Objects.requireNonNull(facts.value()));
    factsRevision = facts.revision();
    look(read.entries().get(keys.host(moves.registryId())));
    obstacle = obstacle(told);
    entries.clear();
    read.entries().values().stream()
        .filter(entry -> entry.key().startsWith(keys.names()))
        .forEach(entry -> entries.put(entry.key(), entry));
    revision = read.revision();
    if (view != null && !view.facts().fleetId().equals(told.fleetId())) {
      throw new FleetException(obstacle);
    }
    believe(told);
    readHeld();
  }

  private FleetStore.Read readKeys() throws FleetException {
    return store.read(List.of(keys.facts(), keys.names(), keys.host(moves.registryId())));
  }

  private FleetFacts factsOfThisHost() {
    RegistryInfo info = registry.snapshot().info();
    return new FleetFacts(
        UUID.randomUUID(),
        info.layout(),
        info.areaBytes(),
        settings.firstId(),
        settings.lastId(),
        settings.quarantineMs());
  }

  private void look(@Nullable Entry host) {
    hostRevision = host == null ? 0 : host.revision();
    said = hostOf(host);
  }

  private String obstacle(FleetFacts facts) {
    RegistryInfo info = registry.snapshot().info();
    if (view != null && !view.facts().fleetId().equals(facts.fleetId())) {
      return "etcd has another fleet under the name %s: its id is %s, and this host knows that of %s; give the fleet of this host another name, or remove %s to have this host join anew"
          .formatted(settings.name(), facts.fleetId(), view.facts().fleetId(), file.path());
    }
    if (facts.layout() != info.layout() || facts.areaBytes() != info.areaBytes()) {
      return "this host has layout %s with area %d, and the fleet %s has layout %s with area %d; it stays away from the fleet until they are the same"
          .formatted(
              info.layout(), info.areaBytes(), settings.name(), facts.layout(), facts.areaBytes());
    }
    if (hostRevision != 0 && !said.getMachine().equals(moves.machine())) {
      return "in the fleet %s another machine has the id of this host's registry (%s), so one of them is a copy; this host changes nothing there. 'metakey restore' on the copy gives it an id of its own"
          .formatted(settings.name(), moves.registryId());
    }
    return copied();
  }

  /**
   * Copies with the same ids, of registry and machine, are told apart by when their daemons were
   * started. What the store said before this one came is no copy, but its former self.
   */
  private String copied() {
    long other = said.getStartedMs();
    return hostRevision == 0 || other == startedMs || other <= formerMs
        ? ""
        : "in the fleet %s a daemon with the ids of this host's registry (%s) and machine was started after this one, on host %s, so one of them is a copy; this host changes nothing there until metakeyd is restarted. 'metakey restore' on the copy gives it an id of its own"
            .formatted(settings.name(), moves.registryId(), said.getName());
  }

  private static Host hostOf(@Nullable Entry entry) {
    try {
      return entry == null || entry.value() == null
          ? Host.getDefaultInstance()
          : Host.parseFrom(entry.value());
    } catch (InvalidProtocolBufferException e) {
      return Host.newBuilder().setMachine("?").build();
    }
  }

  private void believe(FleetFacts facts) {
    Map<String, Named> before = view == null ? Map.of() : view.names();
    view = FleetView.of(facts, entries.values(), before, used(before));
  }

  /** The names that this host uses at the place that it knows. */
  private Set<String> used(Map<String, Named> names) {
    Set<String> used = new HashSet<>();
    for (Field field : own()) {
      Named named = names.get(field.name());
      if (named != null && isAt(field, named)) {
        used.add(field.name());
      }
    }
    return used;
  }

  static boolean isAt(Field field, Named named) {
    FleetField place = named.field();
    return field.id() == place.id()
        && field.slot() == place.slot()
        && field.size() == place.spec().size();
  }

  /** The names of the fleet that this host has, wherever. */
  List<Field> own() {
    return registry.snapshot().records().stream()
        .filter(field -> !field.is(FieldState.FREE) && settings.prefixes().contains(field.name()))
        .toList();
  }

  private void readHeld() throws FleetException {
    held.clear();
    List<String> asked =
        current().names().keySet().stream()
            .map(name -> keys.hold(name, moves.registryId()))
            .toList();
    for (String key : store.read(asked).entries().keySet()) {
      String withoutId = key.substring(0, key.lastIndexOf('/'));
      held.add(withoutId.substring(withoutId.lastIndexOf('/') + 1));
    }
  }

  FleetView current() {
    return Objects.requireNonNull(view);
  }

  /** Joins, or is there again after somebody said that it is gone. */
  void enter() throws FleetException {
    if (hostRevision == 0 || said.getStartedMs() != startedMs) {
      formerMs = said.getStartedMs();
      long sinceMs = hostRevision == 0 ? now() : said.getSinceMs();
      boolean unused = store.commit(moves.enter(hostRevision, sinceMs, startedMs));
      String key = keys.host(moves.registryId());
      look(store.read(List.of(key)).entries().get(key));
      obstacle = copied();
    }
    saved = saved.toBuilder().setRegistryId(moves.registryId()).build();
  }

  /** The registry has another id than when it joined: after a restore, or a recovery. */
  private void moveIn(String former) throws FleetException {
    Entry old = store.read(List.of(keys.host(former))).entries().get(keys.host(former));
    enter();
    reconcile(); // first the holds under the new id, so that no name is without one
    if (old != null
        && hostOf(old).getMachine().equals(moves.machine())
        && !moves.machine().isEmpty()) {
      boolean unused = store.commit(moves.forget(former, current().names().keySet()));
    }
  }

  /** Takes on what a watch tells. */
  void changed(Collection<Entry> news, long newRevision) throws FleetException {
    for (Entry entry : news) {
      if (entry.value() == null) {
        entries.remove(entry.key());
      } else {
        entries.put(entry.key(), entry);
      }
    }
    revision = Math.max(revision, newRevision);
    believe(current().facts());
    save();
    reconcile();
  }

  /** Keeps what is known, and has the rules go by it. */
  private void save() throws FleetException {
    Known.Builder known =
        Known.newBuilder()
            .setFleet(settings.name())
            .setFacts(current().facts().value())
            .setRevision(saved.getRevision())
            .setRegistryId(saved.getRegistryId());
    new TreeMap<>(current().names()).values().forEach(named -> known.addNames(named.value()));
    if (!known.build().equals(saved.toBuilder().build()) || !fileProblem.isEmpty()) {
      Known next = known.setRevision(revision).build();
      file.write(next);
      saved = next;
      fileProblem = "";
    }
    tell();
  }

  private void tell() {
    Map<String, FleetField> fields = new HashMap<>();
    if (view != null) {
      view.names().forEach((name, named) -> fields.put(name, named.field()));
    }
    FleetFacts facts = view == null ? null : view.facts();
    registry.take(
        new Fleet(
            settings.name(),
            settings.prefixes(),
            facts == null ? settings.firstId() : facts.firstId(),
            facts == null ? settings.lastId() : facts.lastId(),
            isMember(),
            !connected,
            settings.localWhenAway(),
            fields));
  }

  /**
   * Holds what this host uses, offers what the store has forgotten, leaves what it does not use.
   */
  void reconcile() throws FleetException {
    for (int i = 0; i < TRIES && isMember() && reconcileOnce(); i++) {
      refresh();
    }
    claimedAt.values().removeIf(at -> now() - at >= CLAIMED_MS);
  }

  private boolean isMember() {
    return isJoined() && obstacle.isEmpty();
  }

  /** Returns whether the fleet has to be read again. */
  private boolean reconcileOnce() throws FleetException {
    if (hostRevision == 0) {
      enter(); // somebody said that this host is gone
    }
    Set<String> used = used(current().names());
    boolean isOld = false;
    List<Named> unsettled = new ArrayList<>();
    for (Named named : current().names().values()) {
      boolean isUsed = used.contains(named.name());
      boolean isSettled = held.contains(named.name()) && !named.field().retired();
      if (named.revision() == 0) {
        Name again = named.live();
        isOld |=
            store.commit(
                isUsed
                    ? moves.claim(hostRevision, factsRevision, again, null, now())
                    : moves.offer(hostRevision, factsRevision, again, null));
      } else if (isUsed && named.revision() > 0 && !isSettled && unsettled.size() < HOLDS_AT_ONCE) {
        unsettled.add(named);
      }
    }
    if (!unsettled.isEmpty()) {
      boolean isDone = store.commit(moves.hold(hostRevision, unsettled, now()));
      isOld |= !isDone || unsettled.size() == HOLDS_AT_ONCE;
      for (Named named : unsettled) {
        isOld |= named.field().retired();
        if (isDone) {
          held.add(named.name());
        }
      }
    }
    for (String name : List.copyOf(held)) {
      boolean isNew = now() - claimedAt.getOrDefault(name, 0L) < CLAIMED_MS;
      if (!used.contains(name) && !isNew) {
        leave(name);
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

  private long now() {
    return clock.get();
  }

  /** Reads all again. */
  void refresh() throws FleetException {
    read();
    save();
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
      if (hostRevision == 0) {
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
      return store.commit(moves.hold(hostRevision, List.of(retired), now()));
    }
    FleetLimits.requireQuota(current(), spec, service, moves.registryId());
    Spot spot = FleetMoves.spot(current(), spec, takenIds(), takenBytes(), now());
    if (spot == null) {
      throw FleetLimits.noRoom(current(), spec, settings.name());
    }
    Name name = moves.name(spec, spot, service, now());
    return store.commit(moves.claim(hostRevision, factsRevision, name, spot.replaced(), now()));
  }

  private BitSet takenIds() {
    BitSet ids = registry.programs().linkedIds();
    for (Field field : registry.snapshot().records()) {
      if (!field.is(FieldState.FREE)) {
        ids.set(field.id());
      }
    }
    return ids;
  }

  private BitSet takenBytes() {
    BitSet bytes = registry.programs().linkedBytes();
    for (Field field : registry.snapshot().records()) {
      if (field.slot() != 0) {
        bytes.set(field.slot() - field.size() + 1, field.slot() + 1);
      }
    }
    return bytes;
  }

  /** Joins with what this host has already: what agrees is held, and what is free is claimed. */
  void join() throws FleetException {
    refresh();
    if (!obstacle.isEmpty()) {
      throw new FleetException(obstacle);
    }
    enter();
    for (Field field : own()) {
      if (FleetPlan.verdict(field, current()).equals(FleetPlan.CLAIM)) {
        Name name =
            moves.name(
                field.spec(),
                new Spot(field.id(), field.slot(), 1, null),
                FleetField.serviceOf(field),
                now());
        boolean unused = store.commit(moves.claim(hostRevision, factsRevision, name, null, now()));
      }
    }
    refresh();
    reconcile();
  }
}
