package dev.metakey.system;

import dev.metakey.v1.Field;
import dev.metakey.v1.Sharing;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What all hosts of a fleet have answered, and what is wrong with that.
 *
 * <p>A host has a name for certain from its answer until somebody asks it to release the name. Both
 * are noted here one after the other, as one clock sees them. So what hosts have when an answer is
 * noted, they have at the same moment, and may be compared: whatever order calls took effect in, an
 * id is then in the hands of one name after the other, and never of two.
 */
final class FleetAnswers {
  /** Where a name is. */
  record Place(int id, int slot) {}

  /** A host has a name. */
  private record Tenure(
      String host, String service, String name, boolean shared, Place place, int size) {
    static Tenure of(String host, String service, Field field) {
      return new Tenure(
          host,
          service,
          field.getSpec().getName(),
          field.getSpec().getSharing() == Sharing.SHARING_SHARED,
          new Place(field.getId(), field.getSlot()),
          field.getSpec().getSize());
    }

    /** What is wrong if two hosts have this at once; empty if nothing is. */
    String conflict(Tenure other) {
      if (!name.equals(other.name)) {
        boolean overlap =
            place.slot > other.place.slot - other.size && other.place.slot > place.slot - size;
        return place.id == other.place.id ? "one id" : overlap ? "bytes in common" : "";
      } else if (!place.equals(other.place)) {
        return "two places";
      }
      return service.equals(other.service) || (shared && other.shared) ? "" : "two services";
    }
  }

  /** What each host has now, by name. */
  private final Map<String, Map<String, Tenure>> now = new HashMap<>();

  /** The last name that had an id. */
  private final Map<Integer, String> last = new HashMap<>();

  private final Map<String, Integer> refusals = new HashMap<>();
  private final List<String> wrongs = new ArrayList<>();
  private int answered;
  private int released;
  private int handovers;

  private Map<String, Tenure> of(String host) {
    return now.computeIfAbsent(host, any -> new LinkedHashMap<>());
  }

  /** A host has answered a registration. */
  synchronized void add(String host, String service, Field field) {
    Tenure next = Tenure.of(host, service, field);
    answered++;
    Tenure before = of(host).put(next.name, next);
    if (before != null && !before.place.equals(next.place)) {
      wrongs.add("%s, which was %s".formatted(next, before));
    }
    for (Map<String, Tenure> each : now.values()) {
      for (Tenure other : each.values()) {
        String conflict = other.conflict(next);
        if (!conflict.isEmpty()) {
          wrongs.add("%s: %s and %s".formatted(conflict, other, next));
        }
      }
    }
    String former = last.put(next.place.id, next.name);
    handovers += former == null || former.equals(next.name) ? 0 : 1;
  }

  /** A host is about to be asked to release a name; from now on it may be another host's. */
  synchronized void release(String host, String name) {
    released++;
    of(host).remove(name);
  }

  /** A host has refused a service a name, or not answered. */
  synchronized void refused(String host, String service, String name, String why) {
    refusals.merge(name, 1, Integer::sum);
    Tenure tenure = of(host).get(name);
    if (tenure != null && tenure.service.equals(service)) {
      wrongs.add("%s was answered, and then refused: %s".formatted(tenure, why));
    }
  }

  /** A host says what it has; nobody asks it for anything meanwhile. */
  synchronized void requireAll(String host, Collection<Field> fields) {
    Set<String> names =
        fields.stream().map(field -> field.getSpec().getName()).collect(Collectors.toSet());
    of(host).values().stream()
        .filter(tenure -> !names.contains(tenure.name))
        .forEach(tenure -> wrongs.add("%s is lost".formatted(tenure)));
    for (Field field : fields) {
      add(host, field.getOwners(0).getUser().getClaim(), field);
    }
  }

  /** Whether this host has answered it. */
  synchronized boolean isKnown(String host, String name) {
    return of(host).containsKey(name);
  }

  /** How often a name was refused, or not answered. */
  synchronized int refusals(String name) {
    return refusals.getOrDefault(name, 0);
  }

  /** How many answers there were. */
  synchronized int answered() {
    return answered;
  }

  /** How many registrations were answered or refused, or not answered. */
  synchronized int asked() {
    return answered + refusals.values().stream().mapToInt(Integer::intValue).sum();
  }

  /** How often an id came to another name than the one that it had before. */
  synchronized int handovers() {
    return handovers;
  }

  /** Who has each name. */
  synchronized Map<String, Set<String>> hosts() {
    return now.values().stream()
        .flatMap(each -> each.values().stream())
        .collect(
            Collectors.groupingBy(
                Tenure::name, Collectors.mapping(Tenure::host, Collectors.toSet())));
  }

  /** Where each name is. */
  synchronized Map<String, Place> places() {
    return now.values().stream()
        .flatMap(each -> each.values().stream())
        .collect(Collectors.toMap(Tenure::name, Tenure::place, (one, same) -> one));
  }

  /** What must not be; empty if all is well. */
  synchronized List<String> wrongs() {
    return List.copyOf(wrongs);
  }

  @Override
  public synchronized String toString() {
    return "%d answers, %d releases, %d refusals; %d times an id came to another name"
        .formatted(answered, released, asked() - answered, handovers);
  }
}
