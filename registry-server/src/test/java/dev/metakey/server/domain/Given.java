package dev.metakey.server.domain;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import dev.metakey.model.Blocker;
import dev.metakey.model.Change;
import dev.metakey.model.ChangeKind;
import dev.metakey.model.Field;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.Layout;
import dev.metakey.model.LoadedProgram;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Peer;
import dev.metakey.model.Reason;
import dev.metakey.model.Registered;
import dev.metakey.model.Reservation;
import dev.metakey.model.Snapshot;
import dev.metakey.model.Tag;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * A host with a registry on it, some peers, and clocks that only {@link #after} and {@link #back}
 * move. A command must be accepted, unless it is sent through {@link #refused}, which also checks
 * that a refusal left everything as it was.
 */
final class Given {
  static final long QUARANTINE_MS = 600_000;
  static final int DAEMON_UID = 990;

  static final Peer ROOT = new Peer(0, 0, 1, "session").withPrivileges();
  static final Peer EDGE = new Peer(1000, 1000, 100, "edge.service");
  static final Peer EDGE_AS_ROOT = new Peer(0, 0, 103, "edge.service").withPrivileges();
  static final Peer EDGE_OF_OTHER_UID = new Peer(1001, 1001, 101, "edge.service");
  static final Peer TRACER = new Peer(1000, 1000, 102, "tracer.service");

  private Rules rules;
  private final List<Change> history = new ArrayList<>();
  private RegistryState state;
  private List<Change> lastChanges = List.of();
  private List<LoadedProgram> loaded = List.of();
  private String blindness = "";
  private long nowMs = 1_700_000_000_000L;
  private long ageMs = 1_000; // is not the wall clock, and nobody can set it
  private String bootId = "boot-1";

  private Given(Layout layout, int areaBytes, Rules rules) {
    this.rules = rules;
    this.state = RegistryState.empty(new UUID(1, 2), layout, areaBytes);
    restart();
  }

  /** A host with the default layout: slotted, 128 bytes. */
  static Given host() {
    return slotted(128);
  }

  static Given slotted(int areaBytes) {
    return new Given(Layout.SLOTTED, areaBytes, new Rules(QUARANTINE_MS, DAEMON_UID));
  }

  static Given packed() {
    return new Given(Layout.PACKED, 128, new Rules(QUARANTINE_MS, DAEMON_UID));
  }

  /** From now on this policy holds. */
  @CanIgnoreReturnValue
  Given under(Policy policy) {
    rules = new Rules(QUARANTINE_MS, DAEMON_UID, policy, "");
    return this;
  }

  /** From now on the host is in this fleet. */
  @CanIgnoreReturnValue
  Given in(Fleet fleet) {
    rules = rules.with(fleet);
    return this;
  }

  /** Fields whose names matter little: {@code edge.f0}, {@code edge.f1}, ... */
  static List<FieldSpec> fields(int count, int size) {
    List<FieldSpec> specs = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      specs.add(FieldSpec.of("edge.f" + i, size));
    }
    return specs;
  }

  @CanIgnoreReturnValue
  Given with(Peer peer, FieldSpec... specs) {
    register(peer, List.of(specs));
    return this;
  }

  @CanIgnoreReturnValue
  Given with(Peer peer, List<FieldSpec> specs) {
    register(peer, specs);
    return this;
  }

  @CanIgnoreReturnValue
  Given released(Peer peer, String... names) {
    for (String name : names) {
      run(peer, new Release(name, 0));
    }
    return this;
  }

  @CanIgnoreReturnValue
  Given reserved(String name, int size, int id) {
    run(ROOT, new Reserve(FieldSpec.of(name, size), id, new Reservation(false, "10.yaml:3")));
    return this;
  }

  @CanIgnoreReturnValue
  Given foreign(String name, int size, int id) {
    run(ROOT, new Reserve(FieldSpec.of(name, size), id, new Reservation(true, "10.yaml:4")));
    return this;
  }

  /** Sets what is loaded from now on; the daemon sees it when it looks. */
  @CanIgnoreReturnValue
  Given loads(LoadedProgram... programs) {
    loaded = List.of(programs);
    return this;
  }

  /** From now on the daemon cannot see programs; with an empty text, it can again. */
  @CanIgnoreReturnValue
  Given blind(String why) {
    blindness = why;
    return this;
  }

  /** The daemon looks at what is loaded. */
  @CanIgnoreReturnValue
  Given looks() {
    long revision = revision();
    run(ROOT, new Observe(ageMs, blindness.isEmpty() ? loaded : List.of(), blindness));
    assertThat(lastChanges).isEmpty();
    assertThat(revision()).isEqualTo(revision);
    return this;
  }

  /** Time passes, and the daemon looks at what is loaded and does what is due. */
  @CanIgnoreReturnValue
  Given after(Duration time) {
    pass(time);
    return looks().ticks();
  }

  /** Time passes, and nobody looks at what is loaded. */
  @CanIgnoreReturnValue
  Given afterUnseen(Duration time) {
    pass(time);
    return ticks();
  }

  private void pass(Duration time) {
    nowMs += time.toMillis();
    ageMs += time.toMillis();
  }

  /** The daemon does what is due. */
  @CanIgnoreReturnValue
  Given ticks() {
    if (Tick.isDue(state, rules, ageMs)) {
      assertThat(run(ROOT, new Tick())).isPositive();
    } else {
      assertThat(run(ROOT, new Tick())).isZero();
    }
    return this;
  }

  @CanIgnoreReturnValue
  Given afterQuarantine() {
    return after(Duration.ofMillis(QUARANTINE_MS));
  }

  /** Somebody sets the wall clock back. */
  @CanIgnoreReturnValue
  Given back(Duration time) {
    nowMs -= time.toMillis();
    return looks().ticks();
  }

  @CanIgnoreReturnValue
  Given restart() {
    looks();
    start(layout(), areaBytes(), false);
    return this;
  }

  @CanIgnoreReturnValue
  Given reboot() {
    newBoot();
    return restart();
  }

  /** The next start finds another boot id. */
  @CanIgnoreReturnValue
  Given newBoot() {
    bootId += "'";
    return this;
  }

  @CanIgnoreReturnValue
  Start.Result start(Layout layout, int areaBytes, boolean nothingLoaded) {
    return run(ROOT, new Start(bootId, layout, areaBytes, nothingLoaded, Loaded.TAG));
  }

  MetakeyException startRefused(Reason reason, Layout layout, int areaBytes) {
    return refused(reason, ROOT, new Start(bootId, layout, areaBytes, false, Loaded.TAG));
  }

  @CanIgnoreReturnValue
  Registered register(Peer peer, FieldSpec spec) {
    return register(peer, List.of(spec)).get(0);
  }

  @CanIgnoreReturnValue
  List<Registered> register(Peer peer, List<FieldSpec> specs) {
    return run(peer, new Register(specs));
  }

  @CanIgnoreReturnValue
  <R> R run(Peer peer, Command<R> command) {
    Decision<R> decision = Registry.decide(state, rules, command, peer, now());
    if (decision instanceof Decision.Rejected<R> rejected) {
      throw new AssertionError(command + " was refused", rejected.refusal());
    }
    Decision.Accepted<R> accepted = (Decision.Accepted<R>) decision;
    state = accepted.state();
    lastChanges = accepted.changes();
    history.addAll(lastChanges);
    return accepted.result();
  }

  @CanIgnoreReturnValue
  MetakeyException refused(Reason reason, Peer peer, Command<?> command) {
    String before = state.toString();
    Decision<?> decision = Registry.decide(state, rules, command, peer, now());
    assertThat(decision).isInstanceOf(Decision.Rejected.class);
    assertThat(state).hasToString(before);
    MetakeyException refusal = ((Decision.Rejected<?>) decision).refusal();
    assertThat(refusal.reason()).as(refusal.text()).isEqualTo(reason);
    return refusal;
  }

  @CanIgnoreReturnValue
  MetakeyException refused(Reason reason, Peer peer, FieldSpec... specs) {
    return refused(reason, peer, new Register(List.of(specs)));
  }

  /** From now on nothing can be changed. */
  @CanIgnoreReturnValue
  Given readOnly(String why) {
    rules = rules.readOnly(why);
    return this;
  }

  List<Blocker> blockers(int id, Peer to) {
    return Blockers.of(state, rules, snapshot().byId(id), to, now());
  }

  Tag tag() {
    return state.tag();
  }

  RegistryState state() {
    return state;
  }

  boolean isStale(LoadedProgram program) {
    return Drift.isStale(snapshot(), tag(), program);
  }

  Snapshot snapshot() {
    return state.snapshot();
  }

  Layout layout() {
    return snapshot().info().layout();
  }

  int areaBytes() {
    return snapshot().info().areaBytes();
  }

  long revision() {
    return state.revision();
  }

  Now now() {
    return new Now(nowMs, ageMs);
  }

  /** The field with this name, whatever its state; it must be there. */
  Field field(String name) {
    Field field = snapshot().byName(name);
    assertThat(field).as(name).isNotNull();
    return field;
  }

  /** What the last command changed. */
  List<Change> lastChanges() {
    return lastChanges;
  }

  List<ChangeKind> lastKinds() {
    return lastChanges.stream().map(Change::kind).toList();
  }

  /** Every change since the beginning. */
  List<Change> history() {
    return history;
  }
}
