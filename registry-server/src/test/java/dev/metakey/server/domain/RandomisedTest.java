package dev.metakey.server.domain;

import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.model.Change;
import dev.metakey.model.ChangeKind;
import dev.metakey.model.Field;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.FieldState;
import dev.metakey.model.FieldUse;
import dev.metakey.model.Format;
import dev.metakey.model.Header;
import dev.metakey.model.Layout;
import dev.metakey.model.LoadedProgram;
import dev.metakey.model.Merge;
import dev.metakey.model.Outcome;
import dev.metakey.model.Owner;
import dev.metakey.model.Peer;
import dev.metakey.model.Reason;
import dev.metakey.model.Registered;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Reservation;
import dev.metakey.model.Snapshot;
import dev.metakey.model.Tag;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Random commands, decided by the domain and by {@link ReferenceModel}: after each, answers and
 * states must agree, and the promises of the registry must hold. {@code -Dmetakey.seed=N
 * -Dmetakey.sequences=1} repeats one sequence.
 */
class RandomisedTest {
  private static final int SEQUENCES = Integer.getInteger("metakey.sequences", 200);
  private static final int COMMANDS = 200;

  @Test
  void randomCommands_whenDecided_agreeWithTheModelAndKeepThePromises() {
    long seed = Long.getLong("metakey.seed", System.nanoTime());
    System.out.printf("RandomisedTest: seed %d, %d sequences%n", seed, SEQUENCES);
    Set<String> seen = new HashSet<>();
    for (long s = seed; s < seed + SEQUENCES; s++) {
      Sequence sequence = new Sequence(s);
      try {
        for (int i = 0; i < COMMANDS; i++) {
          sequence.step();
        }
      } catch (AssertionError | RuntimeException e) {
        throw new AssertionError(
            "-Dmetakey.seed=%d -Dmetakey.sequences=1 fails at command %d:%n%s%n%s"
                .formatted(s, sequence.trace.size(), sequence.lastCommands(), e.getMessage()),
            e);
      }
      seen.addAll(sequence.seen);
    }
    if (SEQUENCES >= 100) { // otherwise it may never have got anywhere
      assertThat(seen)
          .contains(
              "MISMATCH",
              "OWNED_BY_OTHER",
              "ID_TAKEN",
              "NOT_PERMITTED",
              "NOT_FOUND",
              "NO_FREE_ID",
              "NO_FREE_SLOT",
              "WRONG_GENERATION",
              "IN_USE",
              "FLEET_AWAY",
              "adopted");
      for (ChangeKind kind : ChangeKind.values()) {
        if (kind != ChangeKind.OTHER) { // which clients make of kinds that they do not know
          assertThat(seen).contains(kind.toString());
        }
      }
    }
  }

  private static final class Sequence {
    private static final long QUARANTINE_MS = 600_000;
    private static final Peer DAEMON = new Peer(990, 990, 2, "metakeyd.service");
    private static final List<Peer> PEERS =
        List.of(
            new Peer(0, 0, 1, "session").withPrivileges(),
            DAEMON,
            new Peer(1000, 1000, 3, "edge.service"),
            new Peer(1001, 1001, 4, "edge.service"),
            new Peer(0, 0, 7, "root-of-a-container"),
            new Peer(1000, 1000, 5, "tracer.service"),
            new Peer(1000, 1000, 6, "tracer.service"));
    private static final int[] SIZES = {2, 4, 8};
    private static final int[] AREAS = {24, 40, 64, 128, 216};

    final List<Object> trace = new ArrayList<>();
    final Set<String> seen = new HashSet<>();
    private final Random random;
    private static final Prefixes FLEETS = new Prefixes(false, List.of("f."));

    private Rules rules = new Rules(QUARANTINE_MS, 990);
    private final int names;
    private final Map<Integer, Field> replayed = new TreeMap<>();

    /** When an id last stood for its name, as far as anybody could see. */
    private final Map<Integer, Long> lastLiveMs = new HashMap<>();

    private final boolean isAdopting;
    private final boolean isInFleet;
    private RegistryState state;
    private ReferenceModel model;

    /** A backup, and what the model was then. */
    private Snapshot backup;

    private ReferenceModel backedUp;
    private long nowMs = 1_700_000_000_000L;
    private int boots = 1;

    Sequence(long seed) {
      random = new Random(seed);
      names = oneOf(6, 12, 90);
      isAdopting = random.nextInt(3) == 0;
      isInFleet = random.nextInt(3) > 0;
      Layout layout = layout();
      int area = oneOf(AREAS);
      state = RegistryState.empty(new UUID(seed, 0), layout, area);
      model = new ReferenceModel(layout, area, QUARANTINE_MS);
      backUp();
    }

    private void backUp() {
      backup = state.snapshot();
      backedUp = model.copy();
    }

    void step() {
      nowMs += time();
      if (random.nextInt(COMMANDS / 8) == 0) {
        backUp();
      }
      if (isInFleet && random.nextInt(6) == 0) {
        hear(fleet());
      }
      Command<?> command = command();
      boolean crowding = names > Field.IDS && command instanceof Register && random.nextInt(9) > 0;
      Peer peer = crowding ? PEERS.get(2) : PEERS.get(random.nextInt(PEERS.size()));
      if (command instanceof Start) {
        peer = DAEMON; // nobody else can
      } else if ((command instanceof Restore || command instanceof FleetAdopt)
          && random.nextInt(4) > 0) {
        peer = PEERS.get(0);
      }
      trace.add(List.of(nowMs, peer, command));

      ReferenceModel expected = model.copy();
      List<Outcome> outcomes = new ArrayList<>();
      Reason reason = expect(expected, command, peer, outcomes);
      boolean due = Tick.isDue(state, rules, nowMs);
      Decision<?> decision = Registry.decide(state, rules, command, peer, new Now(nowMs, nowMs));

      if (decision instanceof Decision.Rejected<?> rejected) {
        assertThat(rejected.refusal().reason()).as(rejected.refusal().text()).isEqualTo(reason);
        seen.add(String.valueOf(reason));
        return;
      }
      assertThat(reason).as("accepted").isNull();
      if (command instanceof FleetAdopt && !((Decision.Accepted<?>) decision).changes().isEmpty()) {
        seen.add("adopted");
      }
      Decision.Accepted<?> accepted = (Decision.Accepted<?>) decision;
      boolean rebooted = !state.bootId().equals(accepted.state().bootId());
      boolean sworn = command instanceof Start start && start.nothingLoaded();
      boolean atOnce =
          (command instanceof Release release && release.now())
              || (command instanceof ReleaseAll all && all.now())
              || command instanceof FleetAdopt;
      checkRegistryId(accepted, command);
      checkChanges(accepted, command instanceof Restore, rebooted || sworn || atOnce);
      state = accepted.state();
      model = expected;
      if (command instanceof Tick) {
        assertThat(accepted.changes().isEmpty()).isEqualTo(!due);
      }
      if (command instanceof Register register) {
        List<?> results = (List<?>) accepted.result();
        assertThat(results).extracting(r -> ((Registered) r).outcome()).isEqualTo(outcomes);
        checkIdempotence(register, peer);
      }
      checkAgainstModel();
      checkPromises();
    }

    String lastCommands() {
      return trace.subList(Math.max(0, trace.size() - 12), trace.size()).stream()
          .map(Object::toString)
          .collect(Collectors.joining("\n"));
    }

    // What is asked

    private Command<?> command() {
      if (isAdopting && trace.size() < 2) {
        return trace.isEmpty() ? observe(4) : start();
      }
      int dice = random.nextInt(100);
      if (dice < 42) {
        return register();
      } else if (dice < 58) {
        boolean force = random.nextInt(4) == 0;
        boolean now = !force && random.nextInt(4) == 0;
        return new Release(name(), random.nextInt(4) > 0 ? 0 : 1 + random.nextInt(3), force, now);
      } else if (dice < 60) {
        Owner owner = PEERS.get(random.nextInt(PEERS.size())).owner();
        return new ReleaseAll(
            random.nextBoolean() ? owner : new Owner(owner.uid(), ""), random.nextBoolean());
      } else if (dice < 68) {
        return new Reserve(
            spec(name()),
            random.nextInt(oneOf(8, 64)),
            new Reservation(random.nextBoolean(), "file:1"));
      } else if (dice < 73) {
        return new Unreserve(name());
      } else if (dice < 76) {
        return new Undelete(name());
      } else if (dice < 78) {
        return new Transfer(name(), PEERS.get(random.nextInt(PEERS.size())).owner());
      } else if (dice < 80) {
        UUID id = new UUID(random.nextLong(), trace.size());
        return new Restore(backup, Tag.NONE, id, random.nextInt(3) == 0);
      } else if (dice < 83) {
        List<String> known = List.copyOf(new TreeMap<>(rules.fleet().fields()).keySet());
        return new FleetAdopt(known.isEmpty() ? name() : known.get(random.nextInt(known.size())));
      } else if (dice < 87) {
        return new Tick();
      } else if (dice < 96) {
        return observe(oneOf(0, 0, 1, 3));
      }
      return start();
    }

    private Start start() {
      boots += random.nextInt(2);
      boolean asBefore = random.nextInt(3) > 0;
      RegistryInfo info = state.snapshot().info();
      return new Start(
          "boot-" + boots,
          asBefore ? info.layout() : layout(),
          asBefore ? info.areaBytes() : oneOf(AREAS),
          random.nextInt(4) == 0,
          Loaded.TAG);
    }

    private Observe observe(int programs) {
      if (random.nextInt(8) == 0) {
        return Observe.blind(nowMs, "not allowed");
      }
      List<LoadedProgram> loaded = new ArrayList<>();
      for (int i = 0; i < programs; i++) {
        int id = 100 * (programs - i) + random.nextInt(3); // not in order, and perhaps twice
        loaded.add(
            odd()
                ? Loaded.program(id, Loaded.use(name(), 8, null))
                : Loaded.program(id, link(), link()));
      }
      return Observe.seen(nowMs - random.nextInt(5), loaded);
    }

    /** A link, which in half of all cases agrees with some field. */
    private FieldUse link() {
      Snapshot snapshot = state.snapshot();
      Field known = snapshot.byName(name());
      if (known != null && random.nextBoolean()) {
        return Loaded.use(
            known.name(), known.size(), FieldUse.Place.of(snapshot.info(), state.tag(), known));
      }
      int size = SIZES[random.nextInt(3)];
      boolean asHere = random.nextInt(6) > 0;
      Layout layout = asHere ? snapshot.info().layout() : layout();
      int area = asHere ? snapshot.info().areaBytes() : oneOf(AREAS);
      int slot = layout == Layout.PACKED ? 0 : size * random.nextInt(1 + area / size);
      return Loaded.use(
          name(),
          size,
          Loaded.place(layout, area, random.nextInt(oneOf(8, 64)), slot, random.nextInt(4)));
    }

    private Register register() {
      boolean crowding = names > Field.IDS && random.nextInt(3) == 0;
      int count = 1 + random.nextInt(crowding ? Field.IDS : 3);
      Map<String, FieldSpec> specs = new HashMap<>();
      while (specs.size() < Math.min(count, names)) {
        FieldSpec spec = spec(name());
        specs.putIfAbsent(spec.name(), spec);
      }
      return new Register(List.copyOf(new TreeMap<>(specs).values()));
    }

    /** Half of the names are the fleet's, if there is one. */
    private String name() {
      int number = random.nextInt(names);
      return number % 2 == 0 ? "n" + number : "f.n" + number;
    }

    // What the host hears of its fleet

    private void hear(Fleet fleet) {
      trace.add(fleet);
      rules = rules.with(fleet);
      model.in(fleet);
    }

    /** What was known, with one name claimed, retired or gone; and it comes and goes. */
    private Fleet fleet() {
      Fleet known = rules.fleet();
      Map<String, FleetField> fields = new HashMap<>(known.fields());
      String name = name();
      FleetField before = fields.remove(name);
      if (FLEETS.contains(name) && random.nextInt(4) > 0) {
        fields.put(name, before == null ? fleetField(name) : retiredOrLive(before));
      }
      int lastId = known.isNone() ? oneOf(7, 47) : known.lastId();
      return new Fleet(
          "fleet",
          FLEETS,
          0,
          lastId,
          random.nextInt(5) > 0,
          random.nextInt(3) == 0,
          random.nextBoolean(),
          fields);
    }

    private FleetField retiredOrLive(FleetField field) {
      return new FleetField(
          field.spec(), field.id(), field.slot(), field.service(), 1, !field.retired());
    }

    /** Perhaps where the host has the name already, or half of that. */
    private FleetField fleetField(String name) {
      Snapshot snapshot = state.snapshot();
      FieldSpec spec = spec(name).expiringAfter(Duration.ZERO);
      Field here = snapshot.byName(name);
      boolean hasId = here != null && random.nextBoolean();
      boolean hasSlot = here != null && random.nextBoolean();
      int places = (snapshot.info().areaBytes() - RegistryInfo.SLOTLESS_BYTES) / spec.size();
      int slot = RegistryInfo.SLOTLESS_BYTES + spec.size() * (1 + random.nextInt(places));
      return new FleetField(
          spec,
          hasId ? here.id() : random.nextInt(48),
          hasSlot ? here.slot() : snapshot.info().layout() == Layout.PACKED ? 0 : slot,
          FleetField.serviceOf(PEERS.get(random.nextInt(PEERS.size())).owner()),
          1,
          false);
    }

    /** A spec, mostly the one that everybody else uses for the name. */
    private FieldSpec spec(String name) {
      int usual = name.hashCode();
      int size = SIZES[odd() ? random.nextInt(3) : Math.floorMod(usual, 3)];
      FieldSpec spec = FieldSpec.of(name, size);
      if (Math.floorMod(usual, 4) == 0 ^ odd()) {
        spec = spec.mergedBy(Merge.BLOCK);
      }
      if (Math.floorMod(usual, 2) == 0 ^ odd()) {
        spec = spec.shared();
      }
      if (odd()) {
        spec = spec.printedAs(Format.HEX);
      }
      return Math.floorMod(usual, 5) == 0 ^ odd()
          ? spec.expiringAfter(Duration.ofMinutes(oneOf(1, 30)))
          : spec;
    }

    private boolean odd() {
      return random.nextInt(names > Field.IDS ? 600 : 12) == 0;
    }

    private Layout layout() {
      return random.nextInt(3) == 0 ? Layout.PACKED : Layout.SLOTTED;
    }

    private long time() {
      return switch (random.nextInt(20)) {
        case 0 -> -random.nextInt((int) QUARANTINE_MS * 2);
        case 1, 2 -> QUARANTINE_MS;
        case 3 -> 10 * QUARANTINE_MS;
        default -> random.nextInt((int) QUARANTINE_MS / 10);
      };
    }

    private int oneOf(int... values) {
      return values[random.nextInt(values.length)];
    }

    // What must become of a command

    private @Nullable Reason expect(
        ReferenceModel model, Command<?> command, Peer peer, List<Outcome> outcomes) {
      boolean admin = peer.privileged() || peer.uid() == 990;
      if (command instanceof Register register) {
        for (FieldSpec spec : register.fields()) {
          ReferenceModel.Key known = model.named(spec.name());
          boolean isNew = known == null || known.state == FieldState.RESERVED;
          outcomes.add(isNew ? Outcome.CREATED : Outcome.EXISTING);
          Reason reason = model.register(spec, peer.owner(), admin, nowMs);
          if (reason != null) {
            return reason;
          }
        }
        return null;
      } else if (command instanceof Release c) {
        return model.release(c, peer.owner(), admin, nowMs);
      } else if (command instanceof ReleaseAll c) {
        return model.releaseAll(c.whose(), c.now(), admin, nowMs);
      } else if (command instanceof Reserve c) {
        return model.reserve(c.spec(), c.id(), c.reservation().foreign(), admin, nowMs);
      } else if (command instanceof Unreserve c) {
        return model.unreserve(c.name(), admin, nowMs);
      } else if (command instanceof Undelete c) {
        return model.undelete(c.name(), admin, nowMs);
      } else if (command instanceof Transfer c) {
        return model.transfer(c.name(), c.to(), admin);
      } else if (command instanceof Restore c) {
        return model.restore(backedUp, c.nothingLoaded(), admin, nowMs);
      } else if (command instanceof FleetAdopt c) {
        return model.adopt(c.name(), admin, nowMs);
      } else if (command instanceof Observe c) {
        model.observe(c);
        return null;
      } else if (command instanceof Start c) {
        boolean isNew = state.revision() == 0;
        return model.start(isNew, c.bootId(), c.layout(), c.areaBytes(), c.nothingLoaded(), nowMs);
      }
      model.tick(nowMs);
      return null;
    }

    private void checkAgainstModel() {
      Snapshot snapshot = state.snapshot();
      assertThat(snapshot.info().layout()).isEqualTo(model.layout);
      assertThat(snapshot.info().areaBytes()).isEqualTo(model.area);
      assertThat(snapshot.records())
          .extracting(Field::id)
          .isEqualTo(List.copyOf(model.keys.keySet()));
      for (Field field : snapshot.records()) {
        ReferenceModel.Key key = model.keys.get(field.id());
        check(summary(field).equals(summary(field.id(), key)), field, summary(field.id(), key));
      }
    }

    private static List<Object> summary(Field field) {
      return summary(
          field.id(),
          field.spec(),
          field.state(),
          field.owners(),
          field.reservation() != null,
          field.isForeign(),
          field.generation(),
          field.slot(),
          field.expiresAtMs());
    }

    private static List<Object> summary(int id, ReferenceModel.Key key) {
      return summary(
          id,
          key.spec,
          key.state,
          List.copyOf(key.owners),
          key.reserved,
          key.foreign,
          key.generation,
          key.slot,
          key.expiresMs);
    }

    private static List<Object> summary(Object... parts) {
      return List.of(parts);
    }

    private static void check(boolean holds, Object one, Object other) {
      if (!holds) {
        throw new AssertionError("%s%nbut: %s".formatted(one, other));
      }
    }

    /** Renewing a ttl is not a change, so replaying the changes does not show it. */
    private static Field timeless(Field field) {
      return field.expiresAtMs() == 0
          ? field
          : field.toBuilder().expiresAtMs(0).expiresAgeMs(0).build();
    }

    // What always holds

    private void checkIdempotence(Register register, Peer peer) {
      Decision<?> again = Registry.decide(state, rules, register, peer, new Now(nowMs, nowMs));
      assertThat(again).isInstanceOf(Decision.Accepted.class);
      assertThat(((Decision.Accepted<?>) again).changes()).isEmpty();
      Snapshot same = ((Decision.Accepted<?>) again).state().snapshot();
      assertThat(same.info()).isEqualTo(state.snapshot().info());
      check(same.records().equals(state.snapshot().records()), same, state);
    }

    /** The registry is another one after a restore that changed something, and only then. */
    private void checkRegistryId(Decision.Accepted<?> accepted, Command<?> command) {
      boolean isOther = command instanceof Restore && !accepted.changes().isEmpty();
      assertThat(accepted.state().snapshot().info().registryId())
          .isEqualTo(isOther ? ((Restore) command).newId() : state.snapshot().info().registryId());
    }

    /**
     * @param restored whether a backup was restored, by which an admin gives ids another meaning
     * @param rebooted whether the host has rebooted, or an admin gave the word that nothing is
     *     loaded, or freed ids at once
     */
    private void checkChanges(Decision.Accepted<?> accepted, boolean restored, boolean rebooted) {
      long revision = state.revision();
      for (Change change : accepted.changes()) {
        assertThat(change.revision()).isEqualTo(++revision);
        assertThat(change.commitRevision()).isEqualTo(accepted.state().revision());
        assertThat(change.atMs()).isEqualTo(nowMs);
        if (restored) {
          checkRestored(change);
        } else {
          checkMeaning(change, rebooted);
        }
        if (change.after() == null || change.after().is(FieldState.FREE)) {
          lastLiveMs.remove(change.field().id()); // from now on it may stand for anything
        }
        checkPrograms(change);
        seen.add(change.kind().toString());
        if (change.after() == null) {
          replayed.remove(change.field().id());
        } else {
          replayed.put(change.field().id(), change.after());
        }
      }
      assertThat(accepted.state().revision()).isEqualTo(revision);
    }

    /**
     * An id that stood for a field means nothing else before a quarantine, a reboot, or an admin's
     * word.
     */
    private void checkMeaning(Change change, boolean rebooted) {
      Field before = change.before();
      Field after = change.after();
      int id = change.field().id();
      if (before == null) {
        assertThat(replayed).doesNotContainKey(id);
        return;
      }
      if (before.isResolvable()) {
        lastLiveMs.put(id, nowMs);
      }
      boolean unbound = after == null || after.is(FieldState.FREE);
      if (unbound && lastLiveMs.containsKey(id) && !rebooted) {
        boolean wasFree = before.is(FieldState.RESERVED) && !before.isForeign();
        check(wasFree || seenSince(id) >= QUARANTINE_MS, change, "too early");
      }
      if (before.is(FieldState.RETIRED) && !unbound && after.is(FieldState.RESERVED)) {
        boolean over = before.isForeign() || seenSince(id) >= QUARANTINE_MS;
        check(rebooted || over, change, "too early");
      }
      if (!unbound && !before.is(FieldState.FREE)) {
        boolean sameField =
            after.name().equals(before.name())
                && after.size() == before.size()
                && (after.slot() == before.slot() || change.kind() == ChangeKind.MOVED)
                && after.generation() >= before.generation();
        check(sameField, change, "means something else");
      }
      if (before.is(FieldState.FREE)) {
        assertThat(after.generation())
            .isEqualTo(before.generation() + (after.isResolvable() ? 1 : 0));
      }
    }

    /** A generation never goes back, and what programs are linked to never changes. */
    private void checkRestored(Change change) {
      Field before = change.before();
      Field after = change.after();
      if (before == null) {
        return;
      }
      if (before.isResolvable()) {
        lastLiveMs.put(before.id(), nowMs);
      }
      check(after == null || after.generation() >= before.generation(), change, "goes back");
      boolean isOther =
          after == null || !after.name().equals(before.name()) || after.slot() != before.slot();
      boolean isUsed = before.is(FieldState.ACTIVE) && !state.programs().usersOf(before).isEmpty();
      check(!isOther || !isUsed, change, "a program uses it");
    }

    /** The time from when the id was last live to the last look at who uses it, milliseconds. */
    private long seenSince(int id) {
      return state.programs().seenAgeMs() - lastLiveMs.get(id);
    }

    /** What a loaded program is linked to is given to nobody. */
    private void checkPrograms(Change change) {
      Field before = change.before();
      Field after = change.after();
      boolean isGiven =
          (change.kind() == ChangeKind.CREATED || change.kind() == ChangeKind.RESERVED)
              && (before == null || before.is(FieldState.FREE));
      boolean isFreed = change.kind() == ChangeKind.FREED;
      for (LoadedProgram program : state.programs().loaded()) {
        for (FieldUse use : program.uses()) {
          FieldUse.Place place = use.place();
          if (place != null && (isGiven || isFreed)) {
            check(place.id() != change.field().id(), change, program);
          }
          if (place != null && isGiven && after.slot() != 0 && place.slot() >= use.size()) {
            boolean apart =
                place.slot() <= after.slot() - after.size()
                    || place.slot() - use.size() >= after.slot();
            check(apart, change, program);
          }
        }
      }
    }

    private void checkPromises() {
      Snapshot snapshot = state.snapshot();
      Set<String> liveNames = new HashSet<>();
      long high = 0;
      long low = 0;
      for (Field field : snapshot.records()) {
        if (!field.is(FieldState.FREE)) {
          check(liveNames.add(field.name()), field, "a name that another id has, too");
          check(field.equals(snapshot.byName(field.name())), field, "not found by name");
        }
        if (field.is(FieldState.ACTIVE) || (field.isForeign() && !field.is(FieldState.FREE))) {
          high |= field.size() >= 4 ? 1L << field.id() : 0;
          low |= field.size() != 4 ? 1L << field.id() : 0;
        }
        Field copy = replayed.get(field.id());
        check(copy != null && timeless(field).equals(timeless(copy)), field, "replayed: " + copy);
      }
      assertThat(replayed).hasSameSizeAs(snapshot.records());
      assertThat(snapshot.header()).isEqualTo(new Header(high, low));
      SlotsTest.assertDisjoint(snapshot);
    }
  }
}
