package dev.metakey.server.fleet;

import dev.metakey.fleet.v1.Hold;
import dev.metakey.fleet.v1.Host;
import dev.metakey.fleet.v1.Name;
import dev.metakey.fleet.v1.Place;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.Layout;
import dev.metakey.server.domain.Slots;
import java.util.BitSet;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * What a host does to its fleet, as transactions. A name, its id and its slot change together, so
 * whoever expects the name unchanged expects that of all three.
 *
 * @param registryId the host's
 * @param host its name
 */
record FleetMoves(FleetKeys keys, String registryId, String host, String machine, String version) {
  /**
   * Where a new name may go.
   *
   * @param replaced the retired name that is there; null: none
   */
  record Spot(int id, int slot, int generation, @Nullable Named replaced) {}

  /**
   * The lowest free id and the free slot farthest from the packet, as hosts' own names fill the
   * area from the other end; where there is none, the place of the name that was retired longest
   * ago.
   *
   * @param ids which this host uses for something else
   * @param bytes of the area, likewise
   * @param isOver whether the quarantine of a retired name is over
   * @return null if there is no room
   */
  static @Nullable Spot spot(
      FleetView view, FieldSpec spec, BitSet ids, BitSet bytes, Predicate<Named> isOver) {
    BitSet takenIds = view.ids();
    takenIds.or(ids);
    int id = takenIds.nextClearBit(view.facts().firstId());
    BitSet takenBytes = view.bytes();
    takenBytes.or(bytes);
    OptionalInt slot = slot(view.facts(), takenBytes, spec.size());
    if (id <= view.facts().lastId() && slot.isPresent()) {
      return new Spot(id, slot.getAsInt(), 1, null);
    }
    List<Named> old =
        view.names().values().stream()
            .filter(each -> each.field().retired() && each.revision() > 0)
            .filter(each -> !ids.get(each.field().id()))
            .filter(isOver)
            .sorted(Comparator.comparingLong(each -> each.value().getRetiredAtMs()))
            .toList();
    for (Named each : old) {
      BitSet without = view.bytes();
      without.andNot(each.field().bytes());
      without.or(bytes);
      OptionalInt place = slot(view.facts(), without, spec.size());
      if (place.isPresent()) {
        int generation = Math.min(each.field().generation(), Named.MAX_GENERATION - 1) + 1;
        return new Spot(each.field().id(), place.getAsInt(), generation, each);
      }
    }
    return null;
  }

  /** Empty if none is free; 0 in the packed layout. */
  private static OptionalInt slot(FleetFacts facts, BitSet taken, int size) {
    if (facts.layout() == Layout.PACKED) {
      return OptionalInt.of(0);
    }
    int slot = Slots.find(facts.areaBytes(), size, taken, new BitSet(), true);
    return slot == 0 ? OptionalInt.empty() : OptionalInt.of(slot);
  }

  /** The first host makes the fleet. */
  Txn create(FleetFacts facts) {
    return new Txn().absent(keys.facts()).put(keys.facts(), facts.value());
  }

  /**
   * @param revision of the host's key; 0: there is none yet
   * @param sinceMs when it has joined
   * @param startedMs when its daemon was started
   */
  Txn enter(long revision, long sinceMs, long startedMs) {
    return new Txn()
        .unchanged(keys.host(registryId), revision)
        .put(
            keys.host(registryId),
            Host.newBuilder()
                .setName(host)
                .setMachine(machine)
                .setVersion(version)
                .setSinceMs(sinceMs)
                .setStartedMs(startedMs)
                .build());
  }

  /** A name that the fleet does not have yet, and this host's hold on it. */
  Txn claim(
      long hostRevision, long factsRevision, Name name, @Nullable Named replaced, long nowMs) {
    return offer(hostRevision, factsRevision, name, replaced, Map.of())
        .put(keys.hold(name.getSpec().getName(), registryId), hold(nowMs));
  }

  /**
   * A name that the fleet does not have, at its place. Who holds it comes by itself.
   *
   * @param own those keys of its place that are there and its own, with their revisions
   */
  Txn offer(
      long hostRevision,
      long factsRevision,
      Name name,
      @Nullable Named replaced,
      Map<String, Long> own) {
    String text = name.getSpec().getName();
    Txn txn =
        new Txn()
            .unchanged(keys.facts(), factsRevision)
            .unchanged(keys.host(registryId), hostRevision)
            .absent(keys.name(text));
    List<String> slots = keys.slot(name.getSlot(), name.getSpec().getSize());
    List<String> freed = List.of();
    if (replaced == null) {
      txn.unchanged(keys.id(name.getId()), own.getOrDefault(keys.id(name.getId()), 0L));
    } else {
      freed = keys.slot(replaced.field().slot(), replaced.field().spec().size());
      txn.unchanged(keys.name(replaced.name()), replaced.revision())
          .absent(keys.holds(replaced.name()))
          .delete(keys.name(replaced.name()));
      freed.stream().filter(key -> !slots.contains(key)).forEach(txn::delete);
    }
    for (String slot : slots) {
      if (!freed.contains(slot)) {
        txn.unchanged(slot, own.getOrDefault(slot, 0L));
      }
    }
    txn.put(keys.name(text), name);
    keys.places(name).forEach(key -> txn.put(key, place(name)));
    return txn;
  }

  /** A name for {@link #claim}. */
  Name name(FieldSpec spec, Spot spot, String service, long nowMs) {
    return Name.newBuilder()
        .setSpec(Named.spec(spec))
        .setId(spot.id())
        .setSlot(spot.slot())
        .setService(service)
        .setGeneration(spot.generation())
        .setHost(host)
        .setRegistryId(registryId)
        .setClaimedAtMs(nowMs)
        .build();
  }

  /** The keys of a name's place that are missing, as somebody has deleted them. */
  Txn mend(long hostRevision, Named named, Collection<String> missing) {
    Txn txn =
        new Txn()
            .unchanged(keys.host(registryId), hostRevision)
            .unchanged(keys.name(named.name()), named.revision());
    missing.forEach(key -> txn.absent(key).put(key, place(named.value())));
    return txn;
  }

  private static Place place(Name name) {
    return Place.newBuilder()
        .setName(name.getSpec().getName())
        .setGeneration(name.getGeneration())
        .build();
  }

  private static Hold hold(long nowMs) {
    return Hold.newBuilder().setSinceMs(nowMs).build();
  }

  /** This host uses names that the fleet has; a retired one is live again. */
  Txn hold(long hostRevision, Collection<Named> names, long nowMs) {
    Txn txn = new Txn().unchanged(keys.host(registryId), hostRevision);
    for (Named named : names) {
      txn.unchanged(keys.name(named.name()), named.revision());
      if (named.field().retired()) {
        txn.put(keys.name(named.name()), named.live());
      }
      txn.put(keys.hold(named.name(), registryId), hold(nowMs));
    }
    return txn;
  }

  /** This host no longer uses the name. */
  Txn leave(String name) {
    return new Txn().delete(keys.hold(name, registryId));
  }

  /** Nobody holds the name any more. */
  Txn retire(Named named, long nowMs) {
    return new Txn()
        .unchanged(keys.name(named.name()), named.revision())
        .absent(keys.holds(named.name()))
        .put(keys.name(named.name()), named.retiredAt(nowMs));
  }

  /** Another host is gone for good, and so is what it held. */
  Txn forget(String otherRegistryId, Iterable<String> names) {
    Txn txn = new Txn().delete(keys.host(otherRegistryId));
    names.forEach(name -> txn.delete(keys.hold(name, otherRegistryId)));
    return txn;
  }
}
