package dev.metakey.server.metrics;

import dev.metakey.model.DaemonStatus;
import dev.metakey.model.DaemonStatus.Publication;
import dev.metakey.model.Field;
import dev.metakey.model.LimitUse;
import dev.metakey.model.Snapshot;
import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * What the daemon tells of itself, read once for each scrape, so that all values belong together.
 * docs/monitoring.md explains each.
 */
final class RegistryMetrics implements MultiCollector {
  private final Supplier<DaemonStatus> statuses;
  private final Supplier<Snapshot> snapshots;
  private final LongSupplier watchLag;
  private final BooleanSupplier changesPossible;

  RegistryMetrics(
      Supplier<DaemonStatus> statuses,
      Supplier<Snapshot> snapshots,
      LongSupplier watchLag,
      BooleanSupplier changesPossible) {
    this.statuses = statuses;
    this.snapshots = snapshots;
    this.watchLag = watchLag;
    this.changesPossible = changesPossible;
  }

  @Override
  public MetricSnapshots collect() {
    Families families = new Families();
    DaemonStatus status = statuses.get();
    daemon(families, status);
    registry(families, status);
    holdings(families, Holdings.of(snapshots.get()));
    queues(families, status.queues());
    programs(families, status.programs());
    publications(families, status.publications());
    limits(families, status.limits());
    return families.build();
  }

  private void daemon(Families families, DaemonStatus status) {
    families
        .info(
            "metakey_build",
            "The version of metakeyd, and of the Java that it runs on.",
            "version",
            status.daemon().version(),
            "java_version",
            Runtime.version().toString())
        .gauge(
            "process_start_time_seconds",
            "When the daemon was started, in seconds since 1970.",
            status.daemon().startedAtMs() / 1e3)
        .gauge(
            "metakey_changes_possible",
            "Whether changes can be made (1), as /readyz says; reads are possible in any case.",
            changesPossible.getAsBoolean())
        .gauge(
            "metakey_problems",
            "How many problems 'metakey status' lists now.",
            status.problems().size());
  }

  private static void registry(Families families, DaemonStatus status) {
    DaemonStatus.IdCount ids = status.ids();
    int taken = ids.active() + ids.retired() + ids.reserved();
    DaemonStatus.SlotUse slots = status.slots();
    families
        .info(
            "metakey_registry",
            "Which registry it is, and how fields lie in the area.",
            "registry_id",
            status.info().registryId().toString(),
            "layout",
            status.info().layout().toString())
        .gauge(
            "metakey_revision",
            "How many changes were committed; begins anew with another registry id.",
            status.info().revision())
        .gauge(
            "metakey_area_bytes",
            "The size of the metadata area in front of a packet.",
            status.info().areaBytes())
        .gauge(
            "metakey_ids",
            "How many of the 64 ids are in each state.",
            "state",
            inOrder(
                "active", ids.active(),
                "retired", ids.retired(),
                "reserved", ids.reserved(),
                "free", Field.IDS - taken))
        .gauge(
            "metakey_slot_bytes",
            "Bytes of the area that slots take, and that are left for them; both 0 in the packed layout.",
            "state",
            inOrder("used", slots.usedBytes(), "free", slots.limitBytes() - slots.usedBytes()));
  }

  private static void holdings(Families families, Holdings holdings) {
    families
        .gauge(
            "metakey_owner_ids",
            "How many ids an owner holds; a shared field counts for its first owner. The 16 biggest are named.",
            "owner",
            holdings.ids())
        .gauge(
            "metakey_owner_slot_bytes",
            "How many bytes of slots an owner holds, likewise.",
            "owner",
            holdings.slotBytes());
  }

  private void queues(Families families, DaemonStatus.Queues queues) {
    families
        .gauge("metakey_queue_commands", "How many changes wait for the writer.", queues.commands())
        .gauge("metakey_waiters", "How many resolves wait for names.", queues.resolves())
        .gauge("metakey_watchers", "How many watches are open.", queues.watches())
        .gauge(
            "metakey_watch_lag_revisions",
            "How many revisions behind the watcher is that is furthest behind.",
            watchLag.getAsLong());
  }

  private static void programs(Families families, DaemonStatus.Programs programs) {
    families
        .gauge(
            "metakey_programs_visible",
            "Whether the last look at loaded programs saw them (1); 0 where the daemon does not look.",
            programs.areLookedAt() && programs.unseen().isEmpty())
        .gauge(
            "metakey_programs_loaded",
            "How many loaded programs name fields, as they were seen last.",
            programs.loaded())
        .gauge(
            "metakey_programs_stale",
            "How many of them disagree with the registry.",
            programs.stale());
  }

  private static void publications(Families families, List<Publication> publications) {
    families
        .gauge(
            "metakey_publication_healthy",
            "Whether the newest state could be published there (1).",
            "outlet",
            byName(publications, each -> each.problem().isEmpty() ? 1 : 0))
        .gauge(
            "metakey_publication_revision",
            "The revision that was published last; -1 for none since the daemon was started.",
            "outlet",
            byName(publications, Publication::revision));
  }

  private static void limits(Families families, List<LimitUse> limits) {
    List<LimitUse> forAll = limits.stream().filter(limit -> limit.total() > 0).toList();
    families
        .gauge(
            "metakey_limit_used",
            "How much of a limit all uids together use.",
            "limit",
            byLimit(limits, LimitUse::used))
        .gauge(
            "metakey_limit_bound",
            "How much of it all uids together may use.",
            "limit",
            byLimit(forAll, LimitUse::total))
        .gauge(
            "metakey_limit_uid_used",
            "How much of it the uid uses that uses the most.",
            "limit",
            byLimit(limits, RegistryMetrics::usedByTheBiggest))
        .gauge(
            "metakey_limit_uid_bound",
            "How much of it one ordinary uid may use.",
            "limit",
            byLimit(limits, LimitUse::perUid))
        .counter(
            "metakey_limit_refused_total",
            "How often somebody was refused for it.",
            "limit",
            byLimit(limits, LimitUse::refused));
  }

  private static long usedByTheBiggest(LimitUse limit) {
    return limit.biggest().stream().mapToLong(LimitUse.User::used).max().orElse(0);
  }

  private static Map<String, Number> byLimit(
      List<LimitUse> limits, Function<LimitUse, Number> value) {
    return by(LimitUse::name, limits, value);
  }

  private static Map<String, Number> byName(
      List<Publication> publications, Function<Publication, Number> value) {
    return by(Publication::name, publications, value);
  }

  private static <T> Map<String, Number> by(
      Function<T, String> name, List<T> all, Function<T, Number> value) {
    Map<String, Number> values = new LinkedHashMap<>();
    all.forEach(each -> values.put(name.apply(each), value.apply(each)));
    return values;
  }

  /** Names and numbers in turn. */
  private static Map<String, Integer> inOrder(Object... namesAndNumbers) {
    Map<String, Integer> values = new LinkedHashMap<>();
    for (int i = 0; i < namesAndNumbers.length; i += 2) {
      values.put((String) namesAndNumbers[i], (Integer) namesAndNumbers[i + 1]);
    }
    return values;
  }
}
