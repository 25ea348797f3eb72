package dev.metakey.server.fleet;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.metakey.fleet.v1.Name;
import dev.metakey.model.MetakeyException;
import dev.metakey.server.fleet.FleetStore.Entry;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collection;
import java.util.Comparator;
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
 * @param names by name
 * @param faults what is not believed, and why
 */
record FleetView(FleetFacts facts, Map<String, Named> names, List<String> faults) {
  FleetView {
    names = Map.copyOf(names);
    faults = List.copyOf(faults);
  }

  /**
   * @param entries of names, from the store
   * @param before what was believed until now
   * @param held the names that this host uses at the place that it believed: nothing changes that
   */
  static FleetView of(
      FleetFacts facts, Collection<Entry> entries, Map<String, Named> before, Set<String> held) {
    Reading reading = new Reading(facts, before);
    for (String name : held) {
      Named known = before.get(name);
      if (known != null) {
        reading.take(known.at(0));
      }
    }
    entries.stream()
        .sorted(Comparator.comparingLong(Entry::revision))
        .forEach(entry -> reading.add(entry, held));
    reading.keepLost();
    reading.tellMissing();
    return new FleetView(facts, reading.names, reading.faults);
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
    private final Map<String, Named> before;
    private final Map<String, Named> names = new TreeMap<>();
    private final List<String> faults = new ArrayList<>();
    private final Map<Integer, String> holders = new TreeMap<>();
    private final BitSet bytes = new BitSet();
    private final Set<String> ignored = new HashSet<>();

    Reading(FleetFacts facts, Map<String, Named> before) {
      this.facts = facts;
      this.before = before;
    }

    void take(Named named) {
      names.put(named.name(), named);
      holders.put(named.field().id(), named.name());
      bytes.or(named.field().bytes());
    }

    void add(Entry entry, Set<String> held) {
      String key = entry.key().substring(entry.key().lastIndexOf('/') + 1);
      Named said = parse(key, entry);
      Named known = before.get(key);
      if (held.contains(key) && known != null) {
        meet(known, said);
      } else if (said != null && known != null && isMoved(known, said)) {
        faults.add(contradiction(said, known));
        if (isFree(known)) {
          take(known.at(Named.CONTRADICTED));
        }
      } else if (said != null && isFree(said)) {
        take(said);
      }
    }

    /** What the store says of a name that this host uses. */
    private void meet(Named known, @Nullable Named said) {
      if (said != null && said.hasPlaceOf(known)) {
        take(said);
      } else {
        if (said != null) {
          faults.add(contradiction(said, known));
        }
        take(known.at(Named.CONTRADICTED));
      }
    }

    private static boolean isMoved(Named known, Named said) {
      return !known.field().retired() && !said.hasPlaceOf(known);
    }

    private static String contradiction(Named said, Named known) {
      return "etcd says that %s has id %d in slot %d; this host knows it with id %d in slot %d, and keeps to that"
          .formatted(
              known.name(),
              said.field().id(),
              said.field().slot(),
              known.field().id(),
              known.field().slot());
    }

    private @Nullable Named parse(String key, Entry entry) {
      String fault;
      try {
        Named named =
            Named.of(Name.parseFrom(Objects.requireNonNull(entry.value())), entry.revision());
        fault = faultOf(key, named);
        if (fault.isEmpty()) {
          return named;
        }
      } catch (InvalidProtocolBufferException e) {
        fault = "it is not such a message";
      } catch (MetakeyException e) {
        fault = e.text();
      }
      ignored.add(key);
      faults.add("what etcd says of %s is ignored: %s".formatted(printable(key), fault));
      return null;
    }

    private String faultOf(String key, Named named) {
      if (!named.name().equals(key)) {
        return "the value is that of %s".formatted(named.name());
      }
      int id = named.field().id();
      if (id < facts.firstId() || id > facts.lastId()) {
        return "id %d is none that the fleet hands out (%d-%d)"
            .formatted(id, facts.firstId(), facts.lastId());
      }
      if (!facts.hasSlot(named.field().slot(), named.field().spec().size())) {
        return "layout %s with area %d has no slot %d for %d bytes"
            .formatted(
                facts.layout(),
                facts.areaBytes(),
                named.field().slot(),
                named.field().spec().size());
      }
      return "";
    }

    /** Whether no other name has its id, or a byte of its slot. */
    private boolean isFree(Named named) {
      String holder = holders.get(named.field().id());
      if (!hasRoomFor(named)) {
        faults.add(
            "what etcd says of %s is ignored: %s"
                .formatted(
                    named.name(),
                    holder != null
                        ? "its id %d is that of %s".formatted(named.field().id(), holder)
                        : "its slot %d is another name's".formatted(named.field().slot())));
        return false;
      }
      return true;
    }

    /**
     * A name that lives is not deleted: it is retired first, and its id is another name's then.
     * Where that is not so, some host may live with a name that an older copy of the store does not
     * have.
     */
    private void keepLost() {
      for (Named known : before.values()) {
        if (!known.field().retired() && !names.containsKey(known.name()) && hasRoomFor(known)) {
          take(known.at(ignored.contains(known.name()) ? Named.CONTRADICTED : 0));
        }
      }
    }

    private boolean hasRoomFor(Named named) {
      return !holders.containsKey(named.field().id()) && !bytes.intersects(named.field().bytes());
    }

    /** Names that lived, and that the store has forgotten. */
    void tellMissing() {
      for (Named named : names.values()) {
        if (named.revision() == 0) {
          faults.add(
              "etcd does not know %s any more (an older copy of it may have been restored); this host keeps id %d and offers it again"
                  .formatted(named.name(), named.field().id()));
        }
      }
    }

    private static String printable(String key) {
      String line = key.replaceAll("[^a-z0-9_.]", "?");
      return line.length() > 63 ? line.substring(0, 63) : line;
    }
  }
}
