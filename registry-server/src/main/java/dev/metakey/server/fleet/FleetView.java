package dev.metakey.server.fleet;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.metakey.fleet.v1.Name;
import dev.metakey.model.MetakeyException;
import dev.metakey.server.fleet.FleetStore.Entry;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The names of a fleet, as this host believes them: what the store says, as far as it is sound and
 * does not contradict what the host goes by.
 *
 * <p>What a host knows to live goes before what the store says, as the store may be an older copy,
 * or written by somebody who may not. There is one exception: where the id of a name is another's
 * now, of the same generation or a later one, and the key of the id says so, too, the name was
 * retired and its place taken while this host was away.
 *
 * @param names by name
 * @param faults what is not believed, and why
 * @param outdated names of the store whose id this host knows to be a later name's, by that name
 */
record FleetView(
    FleetFacts facts, Map<String, Named> names, List<String> faults, Map<String, Named> outdated) {
  FleetView {
    names = Map.copyOf(names);
    faults = List.copyOf(faults);
    outdated = Map.copyOf(outdated);
  }

  /**
   * @param entries of names, from the store
   * @param owners whose each id is, by the id, as its key says
   * @param before what was believed until now
   * @param used the names that this host uses at the place that it believed
   */
  static FleetView of(
      FleetFacts facts,
      Collection<Entry> entries,
      Map<Integer, String> owners,
      Map<String, Named> before,
      Set<String> used) {
    Reading reading = new Reading(facts, owners);
    entries.forEach(reading::read);
    before.values().stream()
        .filter(known -> used.contains(known.name()) || !known.field().retired())
        .forEach(reading::keep);
    reading.takeOthers();
    return new FleetView(facts, reading.names, reading.faults, reading.outdated);
  }

  /** How many names count for a quota: not those whose place may be another name's. */
  int count(Predicate<Named> which, Predicate<Named> isOver) {
    return (int)
        names.values().stream()
            .filter(which)
            .filter(each -> !each.field().retired() || !isOver.test(each))
            .count();
  }

  /** Which ids names of the fleet have, retired ones included. */
  BitSet ids() {
    BitSet ids = new BitSet();
    names.values().forEach(each -> ids.set(each.field().id()));
    return ids;
  }

  /** Which bytes of the area they have, by distance from the packet. */
  BitSet bytes() {
    BitSet bytes = new BitSet();
    names.values().forEach(each -> bytes.or(each.field().bytes()));
    return bytes;
  }

  private static final class Reading {
    private final FleetFacts facts;
    private final Map<Integer, String> owners;
    private final Map<String, Named> said = new TreeMap<>();
    private final Set<String> unsound = new HashSet<>();
    private final Map<String, Named> names = new TreeMap<>();
    private final Map<Integer, Named> holders = new HashMap<>();
    private final BitSet bytes = new BitSet();
    private final List<String> faults = new ArrayList<>();
    private final Map<String, Named> outdated = new HashMap<>();

    Reading(FleetFacts facts, Map<Integer, String> owners) {
      this.facts = facts;
      this.owners = owners;
    }

    void read(Entry entry) {
      String key = entry.key().substring(entry.key().lastIndexOf('/') + 1);
      String fault;
      try {
        Named named =
            Named.of(Name.parseFrom(Objects.requireNonNull(entry.value())), entry.revision());
        fault = named.name().equals(key) ? named.fault(facts) : "the value is another name's";
        if (fault.isEmpty()) {
          said.put(key, named);
          return;
        }
      } catch (InvalidProtocolBufferException e) {
        fault = "it is not such a message";
      } catch (MetakeyException e) {
        fault = e.text();
      }
      unsound.add(key);
      faults.add("what etcd says of %s is ignored: %s".formatted(FleetKeys.printable(key), fault));
    }

    /** A name that the host goes by stays as it is, unless its place was taken meanwhile. */
    void keep(Named known) {
      Named now = said.get(known.name());
      if (now != null && now.hasPlaceOf(known)) {
        take(now);
      } else if (!isSuperseded(known)) {
        if (now != null) {
          faults.add(
              "etcd says that %s has id %d in slot %d; this host knows it with id %d in slot %d, and keeps to that"
                  .formatted(
                      known.name(),
                      now.field().id(),
                      now.field().slot(),
                      known.field().id(),
                      known.field().slot()));
        } else if (!unsound.contains(known.name())) {
          faults.add(
              "etcd does not know %s any more (an older copy of it may have been restored); this host keeps id %d and offers it again"
                  .formatted(known.name(), known.field().id()));
        }
        boolean isMissing = now == null && !unsound.contains(known.name());
        take(known.at(isMissing ? 0 : Named.CONTRADICTED));
      }
    }

    private boolean isSuperseded(Named known) {
      return said.values().stream()
          .filter(other -> !other.name().equals(known.name()) && isConfirmed(other))
          .anyMatch(
              other ->
                  other.field().id() == known.field().id()
                      ? other.field().generation() >= known.field().generation()
                      : other.field().bytes().intersects(known.field().bytes()));
    }

    /** Whether the key of its id says the same. */
    private boolean isConfirmed(Named named) {
      return named.name().equals(owners.get(named.field().id()));
    }

    private void take(Named named) {
      names.put(named.name(), named);
      holders.put(named.field().id(), named);
      bytes.or(named.field().bytes());
    }

    /** Takes on what there is room for, what is confirmed first, and then what is older. */
    void takeOthers() {
      said.values().stream()
          .filter(named -> !names.containsKey(named.name()))
          .sorted(
              Comparator.comparing((Named named) -> !isConfirmed(named))
                  .thenComparingLong(Named::revision))
          .forEach(this::takeIfFree);
    }

    private void takeIfFree(Named named) {
      @Nullable Named holder = holders.get(named.field().id());
      if (holder == null && !bytes.intersects(named.field().bytes())) {
        take(named);
        return;
      }
      faults.add(
          "what etcd says of %s is ignored: %s"
              .formatted(
                  named.name(),
                  holder != null
                      ? "its id %d is that of %s".formatted(named.field().id(), holder.name())
                      : "its slot %d is another name's".formatted(named.field().slot())));
      if (holder != null && holder.field().generation() > named.field().generation()) {
        outdated.put(holder.name(), named);
      }
    }
  }
}
