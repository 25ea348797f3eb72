package dev.metakey.server.domain;

import static dev.metakey.model.FieldState.ACTIVE;
import static dev.metakey.model.FieldState.FREE;
import static dev.metakey.model.FieldState.RESERVED;
import static dev.metakey.model.FieldState.RETIRED;

import dev.metakey.model.FieldSpec;
import dev.metakey.model.FieldState;
import dev.metakey.model.FieldUse;
import dev.metakey.model.Layout;
import dev.metakey.model.LoadedProgram;
import dev.metakey.model.Merge;
import dev.metakey.model.Owner;
import dev.metakey.model.Reason;
import dev.metakey.model.Sharing;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The rules of the design once more, as plainly as possible: mutable keys by id. Each command
 * returns why it is refused, or null if it was done. A refusal may leave half of a command behind,
 * so callers work on a {@link #copy}.
 */
final class ReferenceModel {
  static final class Key {
    FieldSpec spec;
    FieldState state = ACTIVE;
    Set<Owner> owners = new LinkedHashSet<>();
    boolean reserved;
    boolean foreign;
    int generation;
    int slot;
    long retiredMs;
    long retiredTurn;
    long expiresMs;

    Key copy() {
      Key copy = new Key();
      copy.spec = spec;
      copy.state = state;
      copy.owners = new LinkedHashSet<>(owners);
      copy.reserved = reserved;
      copy.foreign = foreign;
      copy.generation = generation;
      copy.slot = slot;
      copy.retiredMs = retiredMs;
      copy.retiredTurn = retiredTurn;
      copy.expiresMs = expiresMs;
      return copy;
    }
  }

  final Map<Integer, Key> keys = new TreeMap<>();
  private final long quarantineMs;
  Layout layout;
  int area;
  private String boot = "";
  private List<LoadedProgram> loaded = List.of();
  private long seenMs;
  private boolean blind;
  private long turn;
  private Fleet fleet = Fleet.NONE;

  ReferenceModel(Layout layout, int area, long quarantineMs) {
    this.layout = layout;
    this.area = area;
    this.quarantineMs = quarantineMs;
  }

  ReferenceModel copy() {
    ReferenceModel copy = new ReferenceModel(layout, area, quarantineMs);
    keys.forEach((id, key) -> copy.keys.put(id, key.copy()));
    copy.boot = boot;
    copy.loaded = loaded;
    copy.seenMs = seenMs;
    copy.blind = blind;
    copy.turn = turn;
    copy.fleet = fleet;
    return copy;
  }

  @Nullable Reason register(FieldSpec spec, Owner who, boolean admin, long now) {
    Key key = named(spec.name());
    FleetField theirs = fleets(spec.name());
    if (key == null) {
      boolean isLocal = !fleet.hasName(spec.name()) || (fleet.away() && fleet.localWhenAway());
      if (theirs == null || !fleet.joined()) {
        theirs = null;
        if (!isLocal) {
          return Reason.FLEET_AWAY;
        }
      } else if (mayNotHave(theirs, spec, who) != null) {
        return mayNotHave(theirs, spec, who);
      } else if (!isFree(theirs)) {
        return Reason.ID_TAKEN;
      }
      int id = theirs != null ? theirs.id() : nextId(admin ? 0 : 8);
      int slot = theirs != null ? theirs.slot() : 0;
      if (theirs == null && id >= 0) {
        slot = nextSlot(spec.size(), admin ? 0 : 16);
      }
      if (id < 0 || slot < 0) {
        return id < 0 ? Reason.NO_FREE_ID : Reason.NO_FREE_SLOT;
      }
      key = open(id, spec, slot);
      key.generation++;
    } else if (key.owners.isEmpty()) { // reserved, adopted, or foreign once
      boolean anyMerge = key.spec.merge() == Merge.UNSPECIFIED;
      if (key.spec.size() != spec.size() || !(anyMerge || key.spec.merge() == spec.merge())) {
        return Reason.MISMATCH;
      } else if (theirs != null && key.state == RESERVED && mayNotHave(theirs, spec, who) != null) {
        return mayNotHave(theirs, spec, who);
      }
      key.generation += key.state == RESERVED && !key.foreign ? 1 : 0;
      key.spec = spec;
    } else if (key.spec.size() != spec.size() || key.spec.merge() != spec.merge()) {
      return Reason.MISMATCH;
    } else if (!key.owners.contains(who) && !bothShare(key.spec, spec)) {
      return Reason.OWNED_BY_OTHER;
    } else if (key.state == RETIRED) {
      key.owners.clear();
    }
    key.state = ACTIVE;
    key.owners.add(who);
    renew(key, now);
    return null;
  }

  @Nullable Reason release(Release asked, Owner who, boolean admin, long now) {
    String name = asked.name();
    int generation = asked.generation();
    boolean force = asked.force();
    Key key = named(name);
    if ((force || asked.now()) && !admin) {
      return Reason.NOT_PERMITTED;
    } else if (key == null || !(key.state == ACTIVE || (asked.now() && key.state == RETIRED))) {
      return Reason.NOT_FOUND;
    } else if (generation != 0 && generation != key.generation) {
      return Reason.WRONG_GENERATION;
    } else if (!admin && !key.owners.contains(who)) {
      return Reason.NOT_PERMITTED;
    } else if (asked.now()) {
      return freeNow(key, now) ? null : Reason.IN_USE;
    } else if (key.owners.size() > 1 && key.owners.remove(who)) {
      return null;
    } else if (!force && links().anyMatch(u -> u.name().equals(name) && keyOf(u) == key)) {
      return Reason.IN_USE;
    }
    retire(key, now);
    return null;
  }

  @Nullable Reason releaseAll(Owner whose, boolean atOnce, boolean admin, long now) {
    boolean found = false;
    if (!admin) {
      return Reason.NOT_PERMITTED;
    } else if (atOnce && !sees()) {
      return Reason.IN_USE;
    }
    for (Key key : keys.values()) {
      List<Owner> theirs = key.owners.stream().filter(o -> isOf(whose, o)).toList();
      boolean all = theirs.size() == key.owners.size();
      if (theirs.isEmpty() || !(key.state == ACTIVE || (key.state == RETIRED && atOnce && all))) {
        continue;
      }
      found = true;
      if (!all) {
        key.owners.removeAll(theirs);
      } else if (atOnce) {
        freeNow(key, now);
      } else if (links().noneMatch(u -> u.name().equals(key.spec.name()) && keyOf(u) == key)) {
        retire(key, now);
      }
    }
    return found ? null : Reason.NOT_FOUND;
  }

  private static boolean isOf(Owner whose, Owner owner) {
    return whose.equals(owner)
        || (whose.service().isEmpty()
            && whose.kind() == owner.kind()
            && whose.uid() == owner.uid());
  }

  /**
   * Frees the id if it can be seen that no program is linked to it; returns whether that was done.
   */
  private boolean freeNow(Key key, long now) {
    boolean unused =
        sees() && keys.keySet().stream().noneMatch(i -> keys.get(i) == key && linked(i));
    if (unused) {
      if (key.state == ACTIVE) {
        retire(key, now);
      }
      free(key);
    }
    return unused;
  }

  private boolean sees() {
    return seenMs != 0 && !blind;
  }

  /** Notes what was seen; looks older than the last do not count, and blind ones show nothing. */
  void observe(Observe seen) {
    blind |= !seen.blindness().isEmpty();
    if (seen.blindness().isEmpty() && seen.ageMs() >= seenMs) {
      blind = false;
      loaded = seen.loaded();
      seenMs = seen.ageMs();
    }
  }

  @Nullable Reason undelete(String name, boolean admin, long now) {
    Key key = named(name);
    if (!admin) {
      return Reason.NOT_PERMITTED;
    } else if (key == null || key.state != RETIRED || key.owners.isEmpty()) {
      return Reason.NOT_FOUND;
    }
    key.state = ACTIVE;
    renew(key, now);
    return null;
  }

  @Nullable Reason transfer(String name, Owner to, boolean admin) {
    Key key = named(name);
    if (!admin) {
      return Reason.NOT_PERMITTED;
    } else if (key == null || key.state == RESERVED) {
      return Reason.NOT_FOUND;
    }
    key.owners.clear();
    key.owners.add(to);
    return null;
  }

  @Nullable Reason reserve(FieldSpec spec, int id, boolean foreign, boolean admin, long now) {
    Key key = named(spec.name());
    Key there = keys.get(id);
    if (!admin) {
      return Reason.NOT_PERMITTED;
    }
    int slot = 0;
    if (key == null && !foreign && !fleet.isNone()) {
      FleetField theirs = fleets(spec.name());
      if (fleet.hasName(spec.name()) ? theirs == null || theirs.id() != id : fleet.hasId(id)) {
        return Reason.ID_TAKEN;
      } else if (theirs != null && !fits(theirs.spec(), spec)) {
        return Reason.MISMATCH;
      }
      slot = theirs == null ? 0 : theirs.slot();
    }
    if (key == null ? linked(id) || (there != null && there.state != FREE) : key != there) {
      return Reason.ID_TAKEN;
    } else if (key == null) {
      if (slot != 0 && !isSlot(slot, spec.size())) {
        return Reason.INVALID_REQUEST;
      } else if (slot != 0 && isUsed(slot, spec.size())) {
        return Reason.ID_TAKEN;
      }
      slot = slot != 0 ? slot : nextSlot(spec.size(), 0);
      if (slot < 0) {
        return Reason.NO_FREE_SLOT;
      }
      key = open(id, spec, slot);
      key.state = RESERVED;
    } else if (!fits(key.spec, spec)) {
      return Reason.MISMATCH;
    }
    if (key.state == RESERVED && foreign && !key.foreign) {
      key.generation++;
    }
    if (key.foreign && !foreign && key.state != ACTIVE) {
      retire(key, now);
    }
    key.reserved = true;
    key.foreign = foreign;
    return null;
  }

  /** What the host knows of its fleet from now on. */
  void in(Fleet other) {
    fleet = other;
  }

  /** Moves a field to where the fleet has it. */
  @Nullable Reason adopt(String name, boolean admin, long now) {
    Key key = named(name);
    FleetField theirs = fleets(name);
    if (!admin) {
      return Reason.NOT_PERMITTED;
    } else if (!fleet.hasName(name)) {
      return Reason.INVALID_REQUEST;
    } else if (key == null) {
      return Reason.NOT_FOUND;
    } else if (!fleet.joined() || (theirs == null && fleet.away())) {
      return Reason.FLEET_AWAY;
    } else if (theirs == null) {
      return Reason.NOT_FOUND;
    } else if (keys.get(theirs.id()) == key && key.slot == theirs.slot()) {
      return null;
    } else if (key.reserved) {
      return Reason.ID_TAKEN;
    } else if (key.state != ACTIVE) {
      return Reason.NOT_FOUND;
    } else if (key.spec.size() != theirs.spec().size()
        || key.spec.merge() != theirs.spec().merge()) {
      return Reason.MISMATCH;
    }
    boolean isTheirs =
        key.owners.isEmpty()
            || key.owners.stream().anyMatch(o -> FleetField.serviceOf(o).equals(theirs.service()));
    boolean areShared =
        key.spec.sharing() == Sharing.SHARED && theirs.spec().sharing() == Sharing.SHARED;
    if (!isTheirs && !areShared) {
      return Reason.OWNED_BY_OTHER;
    } else if (!sees() || keys.keySet().stream().anyMatch(i -> keys.get(i) == key && linked(i))) {
      return Reason.IN_USE;
    }
    retire(key, now);
    free(key);
    if (!isFree(theirs)) {
      return Reason.ID_TAKEN;
    }
    Key moved = open(theirs.id(), key.spec, theirs.slot());
    moved.generation++;
    moved.owners = new LinkedHashSet<>(key.owners);
    renew(moved, now);
    return null;
  }

  /** What some host of the fleet holds under this name. */
  private @Nullable FleetField fleets(String name) {
    FleetField field = fleet.hasName(name) ? fleet.fields().get(name) : null;
    return field == null || field.retired() ? null : field;
  }

  private static @Nullable Reason mayNotHave(FleetField theirs, FieldSpec spec, Owner who) {
    if (theirs.spec().size() != spec.size() || theirs.spec().merge() != spec.merge()) {
      return Reason.MISMATCH;
    }
    boolean isSame = theirs.service().equals(FleetField.serviceOf(who));
    return isSame || bothShare(theirs.spec(), spec) ? null : Reason.OWNED_BY_OTHER;
  }

  /** Whether a reservation may say so of a name that is known. */
  private static boolean fits(FieldSpec known, FieldSpec said) {
    return known.size() == said.size()
        && (said.merge() == Merge.UNSPECIFIED || said.merge() == known.merge());
  }

  /** Whether nothing here has the fleet's place for a name. */
  private boolean isFree(FleetField theirs) {
    Key there = keys.get(theirs.id());
    int size = theirs.spec().size();
    boolean hasSlot =
        layout == Layout.PACKED
            ? theirs.slot() == 0
            : isSlot(theirs.slot(), size) && !isUsed(theirs.slot(), size);
    return hasSlot && !linked(theirs.id()) && (there == null || there.state == FREE);
  }

  private boolean isSlot(int slot, int size) {
    return layout == Layout.SLOTTED && slot % size == 0 && slot >= 16 + size && slot <= area;
  }

  /** Whether a field or a program has any of these bytes. */
  private boolean isUsed(int slot, int size) {
    return hasBytes(slot, size)
        || links()
            .filter(use -> use.place().layout() == Layout.SLOTTED)
            .filter(use -> use.place().slot() >= use.size())
            .anyMatch(
                use -> slot > use.place().slot() - use.size() && slot - size < use.place().slot());
  }

  @Nullable Reason unreserve(String name, boolean admin, long now) {
    Key key = named(name);
    if (!admin) {
      return Reason.NOT_PERMITTED;
    } else if (key == null || !key.reserved) {
      return Reason.NOT_FOUND;
    }
    boolean resolved = key.foreign;
    key.reserved = false;
    key.foreign = false;
    if (resolved && key.state != ACTIVE) {
      retire(key, now);
    } else if (key.state == RESERVED) {
      retire(key, now);
      free(key);
      keys.values().removeIf(k -> k == key && k.generation == 0);
    }
    return null;
  }

  /** Puts the keys back to what a copy of this model had. */
  @Nullable Reason restore(ReferenceModel saved, boolean sworn, boolean admin, long now) {
    if (!admin) {
      return Reason.NOT_PERMITTED;
    } else if (!sworn && !sees()) {
      return Reason.IN_USE;
    } else if (layout != saved.layout || area != saved.area) {
      return Reason.INVALID_REQUEST;
    }
    boolean takesAway = links().anyMatch(use -> !saved.has(use) && saved.needs(use));
    List<Integer> inTheWay =
        keys.keySet().stream().filter(id -> saved.isInTheWay(id, keys.get(id))).toList();
    if (takesAway || inTheWay.stream().anyMatch(id -> keys.get(id).foreign)) {
      return Reason.IN_USE;
    }
    for (int id : inTheWay) {
      Key key = keys.get(id);
      retire(key, now);
      key.reserved = false;
      key.foreign = false;
      free(key);
      keys.values().removeIf(k -> k == key && k.generation == 0);
    }
    for (int id = 0; id < 64; id++) {
      restore(id, keys.get(id), saved.keys.get(id), now);
    }
    return null;
  }

  private void restore(int id, @Nullable Key here, @Nullable Key saved, long now) {
    boolean isUsed =
        here != null
            && here.state == ACTIVE
            && links().anyMatch(u -> u.place().id() == id && u.name().equals(here.spec.name()));
    if (isUsed && (saved == null || saved.state != ACTIVE)) {
      return;
    } else if (saved == null || saved.state == FREE) {
      if (here != null && here.state == ACTIVE) {
        retire(here, now); // its owner can bring it back
      }
      return;
    }
    Key key = saved.copy();
    if (here != null && here.generation >= saved.generation) {
      boolean isOther =
          !here.spec.name().equals(saved.spec.name()) || here.spec.size() != saved.spec.size();
      boolean isNext = isOther && (saved.state == ACTIVE || saved.generation > 0);
      key.generation = here.generation + (isNext ? 1 : 0);
    }
    boolean asBefore = here != null && here.state == saved.state;
    if (key.state == RETIRED && (!asBefore || (here.foreign && !key.foreign))) {
      retire(key, now);
    } else if (key.state == RETIRED) {
      key.retiredMs = here.retiredMs;
      key.retiredTurn = here.retiredTurn;
    } else if (asBefore) {
      key.expiresMs = here.expiresMs;
    } else {
      renew(key, now);
    }
    keys.put(id, key);
  }

  /** Whether the very field that a program is linked to is here. */
  private boolean has(FieldUse use) {
    Key key = keyOf(use);
    return key != null
        && key.state != FREE
        && key.spec.name().equals(use.name())
        && key.spec.size() == use.size()
        && key.slot == use.place().slot();
  }

  /** Whether something here has the id, the name or the bytes that a program is linked to. */
  private boolean needs(FieldUse use) {
    Key key = keyOf(use);
    boolean hasSlot = use.place().layout() == Layout.SLOTTED && use.place().slot() >= use.size();
    return (key != null && key.state != FREE)
        || named(use.name()) != null
        || (hasSlot && hasBytes(use.place().slot(), use.size()));
  }

  /** Whether something here has the id, the name or the bytes of another model's key. */
  private boolean isInTheWay(int id, Key other) {
    Key key = keys.get(id);
    if (other.state == FREE) {
      return false;
    } else if (key != null && key.state != FREE) {
      return !key.spec.name().equals(other.spec.name());
    }
    return named(other.spec.name()) != null
        || (other.slot != 0 && hasBytes(other.slot, other.spec.size()));
  }

  private boolean hasBytes(int slot, int size) {
    return keys.values().stream()
        .filter(key -> key.state != FREE && key.slot != 0)
        .anyMatch(key -> slot > key.slot - key.spec.size() && slot - size < key.slot);
  }

  void tick(long now) {
    keys.forEach(
        (id, key) -> {
          if (key.state == ACTIVE && key.expiresMs != 0 && now >= key.expiresMs) {
            retire(key, now);
          } else if (key.state == RETIRED
              && seenMs - key.retiredMs >= quarantineMs
              && !linked(id)) {
            free(key);
          }
        });
  }

  @Nullable Reason start(
      boolean isNew, String bootId, Layout wanted, int wantedArea, boolean unloaded, long now) {
    boolean rebooted = !boot.equals(bootId);
    boot = bootId;
    keys.forEach(
        (id, key) -> {
          if ((rebooted || unloaded) && key.state == RETIRED && !linked(id)) {
            free(key);
          }
          renew(key, now);
        });
    if (isNew) {
      adopt();
    }
    boolean asWanted =
        links().allMatch(u -> u.place().layout() == wanted && u.place().areaBytes() == wantedArea);
    if (asWanted && (rebooted || unloaded) && (layout != wanted || area != wantedArea)) {
      layout = wanted;
      area = wantedArea;
      keys.values().forEach(key -> key.slot = 0);
      for (Key key : keys.values()) {
        key.slot = key.state == FREE ? 0 : nextSlot(key.spec.size(), 0);
        if (key.slot < 0) {
          return Reason.NO_FREE_SLOT;
        }
      }
    }
    return null;
  }

  /** Makes true what the programs say, the one with the lowest id first. */
  private void adopt() {
    Map<List<Object>, Integer> areas = new HashMap<>();
    links().forEach(u -> areas.merge(areaOf(u), 1, Integer::sum));
    int most = areas.values().stream().mapToInt(i -> i).max().orElse(0);
    List<FieldUse> all = links().toList();
    for (FieldUse use : all) {
      if (areas.get(areaOf(use)) == most) {
        layout = use.place().layout();
        area = use.place().areaBytes();
        break;
      }
    }
    for (FieldUse use : all) {
      FieldUse.Place place = use.place();
      boolean fits = layout == Layout.PACKED ? place.slot() == 0 : fits(use);
      if (areaOf(use).equals(List.of(layout, area))
          && fits
          && place.generation() > 0
          && named(use.name()) == null
          && !keys.containsKey(place.id())) {
        Key key = open(place.id(), FieldSpec.of(use.name(), use.size()), place.slot());
        key.generation = place.generation();
      }
    }
  }

  private boolean fits(FieldUse use) {
    int slot = use.place().slot();
    int size = use.size();
    return slot % size == 0
        && slot - size >= 16
        && slot <= area
        && keys.values().stream()
            .allMatch(key -> slot <= key.slot - key.spec.size() || slot - size >= key.slot);
  }

  private static List<Object> areaOf(FieldUse use) {
    return List.of(use.place().layout(), use.place().areaBytes());
  }

  /** Linked records by program id. */
  private Stream<FieldUse> links() {
    return loaded.stream()
        .sorted(Comparator.comparingInt(LoadedProgram::id))
        .flatMap(program -> program.uses().stream())
        .filter(use -> use.place() != null);
  }

  private boolean linked(int id) {
    return links().anyMatch(use -> use.place().id() == id);
  }

  private @Nullable Key keyOf(FieldUse use) {
    return keys.get(use.place().id());
  }

  @Nullable Key named(String name) {
    return keys.values().stream()
        .filter(key -> key.state != FREE && key.spec.name().equals(name))
        .findAny()
        .orElse(null);
  }

  private static boolean bothShare(FieldSpec one, FieldSpec other) {
    return one.sharing() == Sharing.SHARED
        && other.sharing() == Sharing.SHARED
        && one.format() == other.format();
  }

  private Key open(int id, FieldSpec spec, int slot) {
    Key key = new Key();
    key.spec = spec;
    key.slot = slot;
    Key last = keys.put(id, key);
    key.generation = last == null ? 0 : last.generation;
    return key;
  }

  private void retire(Key key, long now) {
    key.state = RETIRED;
    key.retiredMs = now;
    key.retiredTurn = ++turn;
    key.expiresMs = 0;
  }

  private static void free(Key key) {
    key.state = key.reserved ? RESERVED : FREE;
    key.slot = key.reserved ? key.slot : 0;
    if (key.reserved) {
      key.owners.clear();
    }
  }

  private static void renew(Key key, long now) {
    key.expiresMs = key.state == ACTIVE && key.spec.ttlMs() != 0 ? now + key.spec.ttlMs() : 0;
  }

  /**
   * The id that comes next: never used ones first, then the longest retired; -1 if only the last
   * few are left, which are kept.
   */
  private int nextId(int kept) {
    int best = -1;
    int free = 0;
    for (int id = 63; id >= 0; id--) {
      Key key = keys.get(id);
      boolean better = !linked(id) && !fleet.hasId(id) && (best < 0 || turnOf(id) <= turnOf(best));
      if ((key == null || key.state == FREE) && better) {
        best = id;
      }
      free += !linked(id) && (key == null || key.state == FREE) ? 1 : 0;
    }
    return free > kept ? best : -1;
  }

  private long turnOf(int id) {
    return keys.containsKey(id) ? keys.get(id).retiredTurn : 0;
  }

  /**
   * The first place in the fullest word that has room, and in which the fleet has nothing, if there
   * is one; 0 if the layout has no slots; -1 if only what is kept is left.
   */
  private int nextSlot(int size, int kept) {
    if (layout == Layout.PACKED) {
      return 0;
    }
    long[] words = new long[(area - 16) / 8]; // a bit for each byte that is taken
    for (Key key : keys.values()) {
      if (key.slot > 0) {
        int start = key.slot - key.spec.size() - 16;
        words[start / 8] |= ((1L << key.spec.size()) - 1) << start % 8;
      }
    }
    links()
        .filter(use -> use.place().layout() == Layout.SLOTTED)
        .filter(use -> use.place().slot() >= use.size())
        .forEach(
            use -> {
              for (int i = use.place().slot() - use.size() - 16; i < use.place().slot() - 16; i++) {
                if (i >= 0 && i < words.length * 8) {
                  words[i / 8] |= 1L << i % 8;
                }
              }
            });
    boolean[] fleets = new boolean[words.length];
    for (FleetField theirs : fleet.fields().values()) {
      for (int i = theirs.slot() - theirs.spec().size() - 16; i < theirs.slot() - 16; i++) {
        if (i >= 0 && i < words.length * 8) {
          words[i / 8] |= 1L << i % 8;
          fleets[i / 8] = true;
        }
      }
    }
    int left = words.length * 8;
    for (long word : words) {
      left -= Long.bitCount(word);
    }
    if (words.length >= 8 && left - size < kept) {
      return -1;
    }
    for (int room = size; room <= 16; room++) {
      for (int word = 0; word < words.length; word++) {
        for (int start = 0; start < 8; start += size) {
          boolean free = (words[word] >> start & ((1L << size) - 1)) == 0;
          if (free && 8 - Long.bitCount(words[word]) == room - (fleets[word] ? 8 : 0)) {
            return 16 + 8 * word + start + size;
          }
        }
      }
    }
    return -1;
  }
}
