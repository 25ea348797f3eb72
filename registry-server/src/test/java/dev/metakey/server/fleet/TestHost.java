package dev.metakey.server.fleet;

import dev.metakey.model.Field;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.Layout;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Peer;
import dev.metakey.model.Snapshot;
import dev.metakey.server.domain.Command;
import dev.metakey.server.domain.Fleet;
import dev.metakey.server.domain.FleetField;
import dev.metakey.server.domain.Limits;
import dev.metakey.server.domain.Prefixes;
import dev.metakey.server.domain.Register;
import dev.metakey.server.domain.RegistryState;
import dev.metakey.server.domain.Release;
import dev.metakey.server.domain.Rules;
import dev.metakey.server.engine.Engine;
import dev.metakey.server.engine.HostClock;
import dev.metakey.server.engine.KernelWatch;
import dev.metakey.server.engine.Retention;
import dev.metakey.server.storage.MemoryStore;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** A host with a registry of its own, in memory, whose turns a test takes. */
final class TestHost {
  static final long DAY_MS = 86_400_000;
  static final Peer EDGE = new Peer(1000, 1000, 7, "edge");

  final String name;
  final UUID registryId;
  final Path directory;
  final Engine engine;
  final AtomicLong clockMs;
  String machine;
  final List<FleetNews> news = new CopyOnWriteArrayList<>();

  TestHost(String name, Path directory, AtomicLong clockMs) throws Exception {
    this(name, UUID.randomUUID(), directory, clockMs, 128);
  }

  TestHost(String name, UUID registryId, Path directory, AtomicLong clockMs, int areaBytes)
      throws Exception {
    this.name = name;
    this.registryId = registryId;
    this.directory = directory;
    this.clockMs = clockMs;
    this.machine = "machine of " + name;
    RegistryState empty = RegistryState.empty(registryId, Layout.SLOTTED, areaBytes);
    Peer self = new Peer(0, 0, 1, "metakeyd").withPrivileges();
    engine =
        new Engine(
            new MemoryStore(() -> empty),
            new Rules(0, 0),
            new Retention(1_000, DAY_MS),
            self,
            clock(),
            Limits.DEFAULTS);
    var unused = engine.run(new KernelWatch(engine, withPids -> List.of()).look());
  }

  static FleetSettings settings() {
    return new FleetSettings(
        "test", new Prefixes(false, List.of("edge.")), 0, 47, false, DAY_MS, 32, 16);
  }

  /** Its registry's age goes by the test's clock, but never back. */
  private HostClock clock() {
    AtomicLong bootMs = new AtomicLong();
    return new HostClock() {
      @Override
      public long wallMs() {
        return System.currentTimeMillis();
      }

      @Override
      public long bootMs() {
        return bootMs.accumulateAndGet(clockMs.get(), Math::max);
      }

      @Override
      public String bootId() {
        return "boot";
      }
    };
  }

  ThisHost host() {
    return new ThisHost(name, machine, "1", file(), news::addAll);
  }

  Membership member(FleetStore store) {
    return member(store, settings());
  }

  Membership member(FleetStore store, FleetSettings settings) {
    Membership member = new Membership(settings, store, host(), engine, clockMs::get);
    member.recall();
    return member;
  }

  /** What a daemon does when a service registers a name. */
  Field register(@Nullable Membership member, FieldSpec spec) throws FleetException {
    if (member != null && member.isConnected()) {
      member.claim(spec, FleetField.serviceOf(EDGE.owner()));
    }
    Field field = submit(new Register(List.of(spec)), EDGE).get(0).field();
    if (member != null && member.isConnected()) {
      member.reconcile();
    }
    return field;
  }

  Field register(@Nullable Membership member, String field) throws FleetException {
    return register(member, FieldSpec.of(field, 4));
  }

  /** Gives a name up for good. */
  void free(@Nullable Membership member, String field) throws FleetException {
    submit(new Release(field, 0, false, true), new Peer(0, 0, 1, "root").withPrivileges());
    if (member != null && member.isConnected()) {
      member.reconcile();
    }
  }

  <R> R submit(Command<R> command, Peer peer) {
    try {
      CompletableFuture<R> answer = engine.submit(command, peer).thenApply(reply -> reply.value());
      int unused = engine.doWork(0);
      return answer.join();
    } catch (CompletionException e) {
      throw (MetakeyException) e.getCause();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  Path file() {
    return directory.resolve("fleet." + name);
  }

  Snapshot snapshot() {
    return engine.snapshot();
  }

  /** What its rules go by. */
  Fleet fleet() {
    return engine.rules().fleet();
  }
}
