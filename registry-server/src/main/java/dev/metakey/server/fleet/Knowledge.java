package dev.metakey.server.fleet;

import dev.metakey.fleet.v1.Known;
import dev.metakey.fleet.v1.Name;
import dev.metakey.model.Field;
import dev.metakey.server.domain.Fleet;
import dev.metakey.server.domain.FleetField;
import dev.metakey.server.domain.FleetPlan;
import dev.metakey.server.engine.Engine;
import dev.metakey.server.fleet.FleetStore.Entry;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What this host knows of its fleet: what the store says, as far as the host believes it. For one
 * thread.
 *
 * <p><b>Durability.</b> What is known is in the host's file before anybody goes by it.
 */
final class Knowledge {
  /** So many keys of one kind are looked at; a fleet has no more than 64 names. */
  private static final int MOST_KEYS = 512;

  /** So many of the things that it does not believe are told, and no more. */
  private static final int MOST_FAULTS = 20;

  private FleetSettings settings;
  private final ThisHost host;
  private final FleetFile file;
  private final Engine engine;
  private final FleetKeys keys;
  private final Map<String, Entry> names = new TreeMap<>(); // as the store has them, by key
  private final Map<String, Owned> places = new TreeMap<>(); // as it had them when it was read
  private final Map<Integer, String> owners = new HashMap<>();
  private Strays strays = Strays.NONE;
  private long unheard;
  private Known saved = Known.getDefaultInstance();
  private @Nullable FleetView view;
  private long revision;
  private String fileProblem = "";

  Knowledge(FleetSettings settings, ThisHost host, Engine engine) {
    this.settings = settings;
    this.host = host;
    this.file = new FleetFile(host.file());
    this.engine = engine;
    this.keys = FleetKeys.of(settings.name());
  }

  /** Goes on with settings that name the same fleet. */
  void take(FleetSettings wanted) {
    settings = wanted;
  }

  /** Takes on what the host has known before. */
  void recall() {
    try {
      Known known = file.read();
      if (known.getFleet().equals(settings.name()) && known.hasFacts()) {
        FleetFacts facts = FleetFacts.of(known.getFacts());
        Map<String, Named> before = new TreeMap<>();
        for (Name each : known.getNamesList()) {
          Named named = Named.of(each, 0);
          before.put(named.name(), named);
        }
        saved = known;
        revision = known.getRevision();
        view = new FleetView(facts, before, List.of(), Map.of());
      }
    } catch (FleetException | RuntimeException e) {
      fileProblem =
          "what this host knew of its fleet is lost, until etcd can be asked: %s"
              .formatted(e.getMessage());
    }
  }

  /** Null as long as nothing is known. */
  @Nullable FleetView view() {
    return view;
  }

  FleetView current() {
    return Objects.requireNonNull(view);
  }

  /** Of the store, when it was last heard of. */
  long revision() {
    return revision;
  }

  Strays strays() {
    return strays;
  }

  /** The keys of a name's id and slot that are there and say so, with their revisions. */
  Map<String, Long> placesOf(Name name) {
    Map<String, Long> own = new HashMap<>();
    for (String key : keys.places(name)) {
      Owned owned = places.get(key);
      if (owned != null && owned.name().equals(name.getSpec().getName())) {
        own.put(key, owned.revision());
      }
    }
    return own;
  }

  /** Under which id this host's registry has joined; empty if it has not. */
  String joinedAs() {
    return saved.getRegistryId();
  }

  /** What is wrong with what the store says, or with the file. */
  List<String> problems() {
    List<String> problems = new ArrayList<>();
    if (!fileProblem.isEmpty()) {
      problems.add(fileProblem);
    }
    problems.addAll(strays.problems());
    if (view != null) {
      view.faults().stream().limit(MOST_FAULTS).forEach(problems::add);
      long more = view.faults().size() - MOST_FAULTS + unheard;
      if (more > 0) {
        problems.add("and %d more names in etcd that are none of the fleet's".formatted(more));
      }
    }
    return problems;
  }

  /** Which keys {@link #take} goes by. */
  List<String> asked() {
    return List.of(keys.names(), keys.ids(), keys.slots());
  }

  /**
   * Takes on all that the store has.
   *
   * @throws FleetException if the file cannot be written; nothing is taken on then
   */
  void take(FleetFacts facts, FleetStore.Read read) throws FleetException {
    places.clear();
    owners.clear();
    read.entries().values().stream()
        .filter(entry -> isBelow(keys.ids(), entry) || isBelow(keys.slots(), entry))
        .limit(MOST_KEYS)
        .forEach(entry -> places.put(entry.key(), Owned.of(entry)));
    for (int id = 0; id < Field.IDS; id++) {
      Owned owned = places.get(keys.id(id));
      if (owned != null) {
        owners.put(id, owned.name());
      }
    }
    names.clear();
    read.entries().values().stream()
        .filter(entry -> isBelow(keys.names(), entry))
        .sorted(
            Comparator.comparing((Entry entry) -> !isExpected(entry))
                .thenComparingLong(Entry::revision))
        .limit(MOST_KEYS)
        .forEach(entry -> names.put(entry.key(), entry));
    unheard =
        read.entries().values().stream().filter(entry -> isBelow(keys.names(), entry)).count()
            - names.size();
    believe(facts, read.revision());
    strays = Strays.of(keys, places, current());
  }

  private static boolean isBelow(String prefix, Entry entry) {
    return entry.key().startsWith(prefix);
  }

  /** Whether somebody stands for the name: this host, or the key of an id. */
  private boolean isExpected(Entry entry) {
    String name = entry.key().substring(keys.names().length());
    return (view != null && view.names().containsKey(name)) || owners.containsValue(name);
  }

  /**
   * Takes on what has changed.
   *
   * @throws FleetException as {@link #take}
   */
  void hear(Collection<Entry> news, long newRevision) throws FleetException {
    for (Entry entry : news) {
      if (entry.value() == null) {
        names.remove(entry.key());
      } else if (names.size() < MOST_KEYS || names.containsKey(entry.key())) {
        names.put(entry.key(), entry);
      } else {
        unheard++;
      }
    }
    believe(current().facts(), Math.max(revision, newRevision));
  }

  private void believe(FleetFacts facts, long newRevision) throws FleetException {
    Map<String, Named> before = view == null ? Map.of() : view.names();
    FleetView next = FleetView.of(facts, names.values(), owners, before, used());
    Known.Builder known =
        saved.toBuilder()
            .setFleet(settings.name())
            .setFacts(facts.value())
            .clearNames()
            .clearFaults();
    new TreeMap<>(next.names()).values().forEach(named -> known.addNames(named.value()));
    next.faults().stream().limit(MOST_FAULTS).forEach(known::addFaults);
    save(known, newRevision);
    view = next;
    revision = newRevision;
  }

  /**
   * Keeps under which id the host has joined.
   *
   * @throws FleetException as {@link #take}
   */
  void joined(String registryId) throws FleetException {
    save(saved.toBuilder().setRegistryId(registryId), revision);
  }

  /**
   * Keeps what is in the way of this host, so that the history tells of it once.
   *
   * @param obstacle empty if nothing is
   * @throws FleetException as {@link #take}
   */
  void refused(String obstacle) throws FleetException {
    save(saved.toBuilder().setObstacle(obstacle), revision);
  }

  private void save(Known.Builder known, long atRevision) throws FleetException {
    if (!known.build().equals(saved) || !fileProblem.isEmpty()) {
      Known next = known.setRevision(atRevision).build();
      file.write(next);
      List<FleetNews> news = FleetNews.between(saved, next);
      saved = next;
      host.history().accept(news);
      fileProblem = "";
    }
  }

  /** The names that this host uses at the place that it knows. */
  Set<String> used() {
    Set<String> used = new HashSet<>();
    for (Field field : FleetPlan.own(engine.snapshot(), settings.prefixes())) {
      Named named = view == null ? null : view.names().get(field.name());
      if (named != null && named.field().isPlaceOf(field)) {
        used.add(field.name());
      }
    }
    return used;
  }

  /** The same for the rules. */
  Fleet asFleet(boolean joined, boolean away) {
    Map<String, FleetField> fields = new HashMap<>();
    if (view != null) {
      view.names().forEach((name, named) -> fields.put(name, named.field()));
    }
    FleetFacts facts = view == null ? null : view.facts();
    return new Fleet(
        settings.name(),
        settings.prefixes(),
        facts == null ? settings.firstId() : facts.firstId(),
        facts == null ? settings.lastId() : facts.lastId(),
        joined,
        away,
        settings.localWhenAway(),
        fields);
  }
}
