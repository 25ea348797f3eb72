package dev.metakey.server.fleet;

import static java.util.stream.Collectors.joining;

import dev.metakey.server.domain.Slots;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Keys of ids and slots that do not belong to the name that is there, as an admin or a broken host
 * left them so. Nobody can claim what has such a key, as a claim is for keys that are not there.
 *
 * @param ids which have one
 * @param bytes of the area, likewise, by distance from the packet
 * @param missing the keys that names should have and do not, by name
 * @param problems for admins
 */
record Strays(BitSet ids, BitSet bytes, Map<String, List<String>> missing, List<String> problems) {
  static final Strays NONE = new Strays(new BitSet(), new BitSet(), Map.of(), List.of());

  /** So many are named in a problem. */
  private static final int NAMED = 8;

  private static final Pattern ID = Pattern.compile("ids/(\\d\\d)");
  private static final Pattern SLOT = Pattern.compile("slots/(\\d\\d[1-9]|\\d[1-9]0|[1-9]00)");

  /**
   * @param places the keys of ids and slots, by key, read together with the names of the view
   */
  static Strays of(FleetKeys keys, Map<String, Owned> places, FleetView view) {
    Map<String, Owned> left = new TreeMap<>(places);
    Map<String, List<String>> missing = new TreeMap<>();
    Stream.concat(view.names().values().stream(), view.outdated().values().stream())
        .forEach(
            named -> {
              for (String key : keys.places(named.value())) {
                Owned owned = places.get(key);
                if (owned != null && owned.name().equals(named.name())) {
                  left.remove(key);
                } else if (owned == null && named.revision() > 0) {
                  missing.computeIfAbsent(named.name(), name -> new ArrayList<>()).add(key);
                }
              }
            });
    BitSet ids = new BitSet();
    BitSet bytes = new BitSet();
    for (String key : left.keySet()) {
      Matcher id = ID.matcher(keys.shortly(key));
      Matcher slot = SLOT.matcher(keys.shortly(key));
      if (id.matches()) {
        ids.set(Integer.parseInt(id.group(1)));
      } else if (slot.matches()) {
        bytes.or(Slots.bytes(Integer.parseInt(slot.group(1)), 2));
      }
    }
    return new Strays(ids, bytes, missing, problems(keys, left.keySet(), missing));
  }

  private static List<String> problems(
      FleetKeys keys, Set<String> strays, Map<String, List<String>> missing) {
    List<String> problems = new ArrayList<>();
    if (!strays.isEmpty()) {
      problems.add(
          "etcd has keys that belong to no name with that place: %s; nobody can have that place until they are deleted ('etcdctl del %s...')"
              .formatted(some(keys, strays), keys.prefix()));
    }
    if (!missing.isEmpty()) {
      List<String> all = missing.values().stream().flatMap(List::stream).toList();
      problems.add(
          "etcd lacks keys of names that it has: %s; a host that uses the name puts them back"
              .formatted(some(keys, all)));
    }
    return problems;
  }

  private static String some(FleetKeys keys, Collection<String> all) {
    String first = all.stream().limit(NAMED).map(keys::shortly).collect(joining(", "));
    return all.size() > NAMED ? "%s and %d more".formatted(first, all.size() - NAMED) : first;
  }
}
