package dev.metakey.cli.print;

import com.google.gson.stream.JsonWriter;
import dev.metakey.model.DaemonStatus;
import dev.metakey.model.DaemonStatus.Publication;
import dev.metakey.model.Field;
import dev.metakey.model.LimitUse;
import dev.metakey.model.RegistryInfo;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What the daemon says of itself. */
final class StatusForm implements Form<DaemonStatus> {
  @Override
  public Table table(List<DaemonStatus> all, boolean wide) {
    Table table = new Table();
    for (DaemonStatus status : all) {
      health(table, status);
      daemon(table, status.daemon());
      registry(table, status);
      load(table, status.queues());
      limits(table, status.limits(), wide);
      programs(table, status.programs());
      for (Publication publication : status.publications()) {
        line(
            table,
            "published",
            publication.isPublished()
                ? "%s at revision %d".formatted(publication.path(), publication.revision())
                : "%s: nothing yet".formatted(publication.path()));
      }
    }
    return table;
  }

  private static void health(Table table, DaemonStatus status) {
    if (isHealthy(status)) {
      table.row(Cell.of("health"), new Cell("ok", Style.GOOD));
    }
    for (String problem : status.problems()) {
      table.row(Cell.of("problem"), new Cell(problem, Style.BAD));
    }
  }

  static boolean isHealthy(DaemonStatus status) {
    return status.problems().isEmpty()
        && status.publications().stream().allMatch(p -> p.problem().isEmpty());
  }

  private static void daemon(Table table, DaemonStatus.Daemon daemon) {
    line(
        table,
        "daemon",
        "metakeyd %s, pid %d, up since %s"
            .formatted(daemon.version(), daemon.pid(), Text.time(daemon.startedAtMs())));
    line(table, "socket", daemon.socket());
    line(table, "data", daemon.data());
  }

  private static void registry(Table table, DaemonStatus status) {
    RegistryInfo info = status.info();
    line(table, "registry", "%s, revision %d".formatted(info.registryId(), info.revision()));
    line(table, "layout", "%s, area of %d bytes".formatted(info.layout(), info.areaBytes()));
    DaemonStatus.IdCount ids = status.ids();
    int free = Field.IDS - ids.active() - ids.retired() - ids.reserved();
    line(
        table,
        "ids",
        "%d active, %d retired, %d reserved, %d free"
            .formatted(ids.active(), ids.retired(), ids.reserved(), free));
    DaemonStatus.SlotUse slots = status.slots();
    line(
        table,
        "slots",
        slots.limitBytes() == 0
            ? ""
            : "%d of %d bytes taken".formatted(slots.usedBytes(), slots.limitBytes()));
  }

  private static void load(Table table, DaemonStatus.Queues queues) {
    line(
        table,
        "waiting",
        "%d changes, %d resolves; %d watches"
            .formatted(queues.commands(), queues.resolves(), queues.watches()));
  }

  private static void limits(Table table, List<LimitUse> limits, boolean all) {
    for (LimitUse limit : limits) {
      if (all || limit.isNear() || limit.refused() > 0) {
        line(table, "limit", describe(limit));
      }
    }
  }

  /** {@code watches: 980 of 4096; 7 refused since the start; 2 users}. */
  private static String describe(LimitUse limit) {
    List<String> parts = new ArrayList<>();
    parts.add("%s: %s".formatted(limit.name(), used(limit.used(), limit.total())));
    if (limit.refused() > 0) {
      parts.add("%d refused since the start".formatted(limit.refused()));
    }
    if (limit.biggest().isEmpty()) {
      parts.add(limit.users() == 1 ? "1 user" : limit.users() + " users");
    } else {
      parts.add(
          "the most by "
              + limit.biggest().stream()
                  .map(
                      user ->
                          "uid %s (%s)"
                              .formatted(
                                  Integer.toUnsignedString(user.uid()),
                                  used(user.used(), user.limit())))
                  .collect(Collectors.joining(", ")));
    }
    return String.join("; ", parts);
  }

  private static String used(long used, long limit) {
    return limit == 0 ? Long.toString(used) : "%d of %d".formatted(used, limit);
  }

  private static void programs(Table table, DaemonStatus.Programs programs) {
    line(
        table,
        "programs",
        programs.unseen().isEmpty()
            ? "%d loaded, %d stale".formatted(programs.loaded(), programs.stale())
            : "cannot be seen: " + programs.unseen());
  }

  private static void line(Table table, String what, Object value) {
    table.row(Cell.of(what), Cell.of(value));
  }

  @Override
  public void members(JsonWriter json, DaemonStatus status) throws IOException {
    json.name("healthy").value(isHealthy(status));
    Json.strings(json, "problems", status.problems());
    json.name("version").value(status.daemon().version());
    json.name("started_at");
    Json.time(json, status.daemon().startedAtMs());
    json.name("pid").value(status.daemon().pid());
    json.name("socket").value(status.daemon().socket());
    json.name("data").value(status.daemon().data());
    json.name("active_ids").value(status.ids().active());
    json.name("retired_ids").value(status.ids().retired());
    json.name("reserved_ids").value(status.ids().reserved());
    json.name("slot_bytes_used").value(status.slots().usedBytes());
    json.name("slot_bytes_limit").value(status.slots().limitBytes());
    json.name("queued").value(status.queues().commands());
    json.name("waiting").value(status.queues().resolves());
    json.name("watching").value(status.queues().watches());
    json.name("loaded_programs").value(status.programs().loaded());
    json.name("stale_programs").value(status.programs().stale());
    String unseen = status.programs().unseen();
    json.name("programs_unseen").value(unseen.isEmpty() ? null : unseen);
    json.name("publications").beginArray();
    for (Publication publication : status.publications()) {
      json.beginObject();
      json.name("name").value(publication.name());
      json.name("path").value(publication.path());
      json.name("revision").value(publication.isPublished() ? publication.revision() : null);
      json.name("problem").value(publication.problem().isEmpty() ? null : publication.problem());
      json.endObject();
    }
    json.endArray();
    json.name("limits").beginArray();
    for (LimitUse limit : status.limits()) {
      limit(json, limit);
    }
    json.endArray();
  }

  private static void limit(JsonWriter json, LimitUse limit) throws IOException {
    json.beginObject();
    json.name("name").value(limit.name());
    json.name("per_uid").value(limit.perUid());
    json.name("total").value(orNull(limit.total()));
    json.name("used").value(limit.used());
    json.name("refused").value(limit.refused());
    json.name("users").value(limit.users());
    json.name("biggest").beginArray();
    for (LimitUse.User user : limit.biggest()) {
      json.beginObject();
      json.name("uid").value(Integer.toUnsignedLong(user.uid()));
      json.name("used").value(user.used());
      json.name("limit").value(orNull(user.limit()));
      json.endObject();
    }
    json.endArray();
    json.endObject();
  }

  private static @Nullable Long orNull(long limit) {
    return limit == 0 ? null : Long.valueOf(limit);
  }

  @Override
  public String name(DaemonStatus status) {
    throw new IllegalStateException("a daemon has no name");
  }
}
