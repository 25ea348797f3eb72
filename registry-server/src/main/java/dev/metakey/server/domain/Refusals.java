package dev.metakey.server.domain;

import static java.util.stream.Collectors.joining;

import dev.metakey.model.Difference;
import dev.metakey.model.Field;
import dev.metakey.model.FieldState;
import dev.metakey.model.LoadedProgram;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Names;
import dev.metakey.model.Owner;
import dev.metakey.model.Peer;
import dev.metakey.model.Reason;
import dev.metakey.model.Snapshot;
import java.time.Instant;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The refusals that several commands share, each with its words and facts. */
public final class Refusals {
  /**
   * The most owners and names that a refusal lists: the whole of it must fit into 8 KiB of
   * trailers.
   */
  private static final int MOST = 5;

  /** The most entries that a fact lists, such as missing names or programs. */
  static final int MOST_LISTED = 16;

  private Refusals() {}

  /**
   * NOT_FOUND for names that do not resolve. Says what is wrong with the first five of them, and
   * which similar names there are.
   *
   * @param names at least one
   */
  public static MetakeyException unknown(Snapshot snapshot, List<String> names) {
    List<String> sentences = new ArrayList<>();
    List<String> similar = new ArrayList<>();
    for (String name : names.subList(0, Math.min(names.size(), MOST))) {
      Field field = snapshot.byName(name);
      if (field != null) {
        sentences.add(
            "%s is %s (id %d) and not registered at the moment"
                .formatted(name, field.state(), field.id()));
        continue;
      }
      List<String> alike = snapshot.similarTo(name);
      similar.addAll(alike);
      sentences.add(
          "%s is not known here%s"
              .formatted(
                  name,
                  alike.isEmpty() ? "" : "; did you mean " + String.join(" or ", alike) + "?"));
    }
    return new MetakeyException(
        Reason.NOT_FOUND,
        String.join("; ", sentences)
            + more(names.size() - MOST)
            + (similar.isEmpty()
                ? "; a name is known once a service registers it ('metakey list' shows all,"
                    + " 'metakey resolve --wait' waits)"
                : ""),
        Map.of(
            "missing",
            names.stream().limit(MOST_LISTED).collect(joining(" ")),
            "missingCount",
            Integer.toString(names.size()),
            "similar",
            similar.stream().distinct().collect(joining(" "))));
  }

  static MetakeyException readOnly(Rules rules) {
    return new MetakeyException(
        Reason.READ_ONLY,
        "nothing can be changed now, but what is known is still answered: " + rules.readOnly());
  }

  static MetakeyException mismatch(Field field, List<Difference> differences) {
    String all = differences.stream().map(Difference::toString).collect(joining("; "));
    Map<String, String> facts = factsOf(field);
    facts.put("difference", all);
    return new MetakeyException(
        Reason.MISMATCH,
        "%s is known with other attributes: %s. It is %s; ask for what is registered, or take another name"
            .formatted(field.name(), all, describe(field)),
        facts);
  }

  /** The refusal for a caller whose program cannot be told and who names no service. */
  static MetakeyException unnamed() {
    return new MetakeyException(
        Reason.INVALID_REQUEST,
        "nothing tells which service this is: the program is an interpreter, and the script that it runs cannot be seen; name the service (METAKEY_SERVICE, --service, or the header metakey-service)",
        Map.of("attribute", "service"));
  }

  static MetakeyException ownedByOther(Field field, Owner caller, List<Difference> differences) {
    Map<String, String> facts = factsOf(field);
    facts.put("caller", caller.toString());
    String sharing = differences.stream().map(Difference::toString).collect(joining("; "));
    facts.put("difference", sharing);
    return new MetakeyException(
        Reason.OWNED_BY_OTHER,
        ("%s belongs to another service: it is %s; you are %s. Take another name; or, to share it on"
                + " purpose, let both register it as shared with the same size, format and merge%s.%s")
            .formatted(
                field.name(),
                describe(field),
                caller,
                sharing.isEmpty() ? "" : " (now: " + sharing + ")",
                handOver(field, caller)),
        facts);
  }

  /** What an admin can do if the field is meant to be the caller's. */
  private static String handOver(Field field, Owner caller) {
    if (caller.kind() == Owner.Kind.USER && caller.service().endsWith(Names.UNIT_SUFFIX)) {
      return ""; // a user's unit, which only systemd can make: nothing can be handed to it
    }
    String to =
        switch (caller.kind()) {
          case UNIT -> caller.service();
          case USER ->
              "%s --uid %s".formatted(caller.service(), Integer.toUnsignedString(caller.uid()));
          case CONTAINER -> caller.service() + " --container";
        };
    return " An admin can hand it over: metakey transfer %s --to %s".formatted(field.name(), to);
  }

  static MetakeyException idTaken(Field holder, String wanted) {
    return new MetakeyException(
        Reason.ID_TAKEN,
        "%s: %s is %s; take a free id ('metakey list --state free' shows them), or release that field first"
            .formatted(wanted, holder.name(), describe(holder)),
        factsOf(holder));
  }

  /** ID_TAKEN by programs that disagree with the registry. */
  static MetakeyException idLinked(String wanted, int id, List<LoadedProgram> programs) {
    Map<String, String> facts = factsOf(programs);
    facts.put("name", wanted);
    facts.put("id", Integer.toString(id));
    return new MetakeyException(
        Reason.ID_TAKEN,
        ("%s cannot have id %d: %s linked to it under another name; unload %s first ('metakey"
                + " users' shows more), or take another id")
            .formatted(wanted, id, are(programs), programs.size() == 1 ? "it" : "them"),
        facts);
  }

  static MetakeyException inUse(Field field, List<LoadedProgram> programs) {
    Map<String, String> facts = factsOf(programs);
    facts.put("name", field.name());
    facts.put("id", Integer.toString(field.id()));
    return new MetakeyException(
        Reason.IN_USE,
        ("%s (id %d) is in use: %s linked to it. Unload %s first; or let an admin release it with"
                + " --force: the id then stays set aside until no program is linked to it")
            .formatted(
                field.name(), field.id(), are(programs), programs.size() == 1 ? "it" : "them"),
        facts);
  }

  /** IN_USE, as it cannot be seen whether a program uses the id. */
  static MetakeyException unseen(Programs programs) {
    return new MetakeyException(
        Reason.IN_USE,
        "nothing can be freed at once, as loaded programs cannot be seen, and one may be linked to it: %s. Release it as usual: its id is free after a reboot, or when metakeyd was started with --nothing-loaded"
            .formatted(programs.blindness().isEmpty() ? "nobody looked" : programs.blindness()));
  }

  /** NOT_PERMITTED: the policy does not give the peer this right under this name. */
  static MetakeyException notAllowed(Peer peer, Right right, String name, PolicyRule rule) {
    return new MetakeyException(
        Reason.NOT_PERMITTED,
        "you may not %s %s: you are %s, and %s allows %s. %s"
            .formatted(right, name, peer, rule, rule.allowedText(), wayOut(right, rule)),
        Map.of(
            "name", name,
            "right", right.toString(),
            "rule", rule.toString(),
            "uid", Integer.toUnsignedString(peer.uid())));
  }

  /** NOT_PERMITTED: a watch tells of every name. */
  static MetakeyException notWatching(Peer peer, PolicyRule rule) {
    return new MetakeyException(
        Reason.NOT_PERMITTED,
        "a watch tells of every name, and you may not read all: you are %s, and %s allows %s. List or resolve what you may read, or let an admin allow more in the policy in metakeyd.yaml"
            .formatted(peer, rule, rule.allowedText()),
        Map.of(
            "right",
            Right.READ.toString(),
            "rule",
            rule.toString(),
            "uid",
            Integer.toUnsignedString(peer.uid())));
  }

  private static String wayOut(Right right, PolicyRule rule) {
    return right == Right.REGISTER && rule.place().isEmpty()
        ? "Registering is for root and the group 'metakey' (groupadd --system metakey, where there is none; usermod -aG metakey USER, and log in again; SupplementaryGroups=metakey in a unit), unless the policy in metakeyd.yaml allows it"
        : "An admin can allow it in the policy in metakeyd.yaml";
  }

  /** NOT_PERMITTED for a peer that may read but not link. */
  public static MetakeyException notLinking(Peer peer, PolicyRule rule) {
    return new MetakeyException(
        Reason.NOT_PERMITTED,
        "linking programs, and the tag that it needs, is for admins and, unless the policy says otherwise, the members of the group 'metakey': whoever knows the tag can send packets with forged values. You are %s, and %s allows %s; let an admin link, or join the group (groupadd --system metakey, where there is none; usermod -aG metakey USER) and log in again"
            .formatted(peer, rule, rule.allowedText()),
        Map.of(
            "uid",
            Integer.toUnsignedString(peer.uid()),
            "group",
            Policy.GROUP,
            "rule",
            rule.toString()));
  }

  /** READ_ONLY: there is no tag, as a daemon that starts read-only does not make one. */
  public static MetakeyException noTag(Rules rules) {
    return new MetakeyException(
        Reason.READ_ONLY,
        "there is no tag to link with, as metakeyd has started read-only: " + rules.readOnly());
  }

  static MetakeyException tagInUse(List<LoadedProgram> programs) {
    return new MetakeyException(
        Reason.IN_USE,
        "the tag is in use: %s linked with it. Unload %s first, and link again afterwards"
            .formatted(are(programs), programs.size() == 1 ? "it" : "them"),
        factsOf(programs));
  }

  /** IN_USE, as it cannot be seen whether a program uses the tag. */
  static MetakeyException tagUnseen(Programs programs) {
    return new MetakeyException(
        Reason.IN_USE,
        "the tag may be in use, as loaded programs cannot be seen: %s. If none is loaded, give your word for it with --nothing-loaded"
            .formatted(programs.blindness().isEmpty() ? "nobody looked" : programs.blindness()));
  }

  /** {@code program 42 (xdp number_packets) is}. */
  private static String are(List<LoadedProgram> programs) {
    return describe(programs) + (programs.size() == 1 ? " is" : " are");
  }

  /** The first five, and how many more there are. */
  public static String describe(List<LoadedProgram> programs) {
    return programs.stream().limit(MOST).map(LoadedProgram::toString).collect(joining(", "))
        + more(programs.size() - MOST);
  }

  private static Map<String, String> factsOf(List<LoadedProgram> programs) {
    Map<String, String> facts = new HashMap<>();
    facts.put(
        "programs",
        programs.stream()
            .limit(MOST_LISTED)
            .map(program -> Integer.toString(program.id()))
            .collect(joining(" ")));
    facts.put("programCount", Integer.toString(programs.size()));
    return facts;
  }

  static MetakeyException noFreeId(Draft draft, String name) {
    Snapshot snapshot = draft.snapshot();
    List<Field> taken = snapshot.records().stream().filter(f -> !f.is(FieldState.FREE)).toList();
    long retired = taken.stream().filter(f -> f.is(FieldState.RETIRED)).count();
    String holders = holders(taken, false);
    BitSet stale = draft.programs().linkedIds();
    taken.forEach(field -> stale.clear(field.id()));
    return new MetakeyException(
        Reason.NO_FREE_ID,
        ("no id is left for %s: %d of %d ids are taken (%d of them retired, and free again after"
                + " their quarantine)%s%s%s; the biggest holders: %s. Release what is not needed")
            .formatted(
                name,
                taken.size(),
                Field.IDS,
                retired,
                blocked(stale.cardinality(), "ids"),
                forAdmins(Ids.reserve(draft), "ids"),
                notTheFleets(draft.rules().fleet()),
                holders),
        Map.of(
            "name",
            name,
            "limit",
            Integer.toString(Field.IDS - Ids.reserve(draft)),
            "used",
            Integer.toString(taken.size()),
            "holders",
            holders));
  }

  static MetakeyException noFreeSlot(Draft draft, String name, int size) {
    Snapshot snapshot = draft.snapshot();
    List<Field> placed = snapshot.records().stream().filter(f -> f.slot() != 0).toList();
    String holders = holders(placed, true);
    int limit = snapshot.info().slotBytes();
    int used = Slots.usedBytes(snapshot);
    return new MetakeyException(
        Reason.NO_FREE_SLOT,
        ("no slot of %d bytes is left for %s: %d of %d bytes of the metadata area are taken%s%s; the"
                + " biggest holders (bytes): %s. Release what is not needed, use smaller values, or"
                + " let an admin make the area larger (now %d bytes, at most 216) or the layout packed")
            .formatted(
                size,
                name,
                used,
                limit,
                blocked(Slots.staleBytes(snapshot, draft.programs()), "bytes"),
                forAdmins(Slots.reserveBytes(draft), "bytes"),
                holders,
                snapshot.info().areaBytes()),
        Map.of(
            "name",
            name,
            "limit",
            Integer.toString(limit - Slots.reserveBytes(draft)),
            "used",
            Integer.toString(used),
            "holders",
            holders));
  }

  private static String forAdmins(int reserve, String what) {
    return reserve == 0 ? "" : ", and the last %d %s are for admins only".formatted(reserve, what);
  }

  private static String notTheFleets(Fleet fleet) {
    return fleet.isNone()
        ? ""
        : ", and the ids %d to %d are for names of fleet %s"
            .formatted(fleet.firstId(), fleet.lastId(), fleet.name());
  }

  private static String blocked(int count, String what) {
    return count == 0
        ? ""
        : ", and %d %s by loaded programs that disagree with the registry ('metakey users' shows them)"
            .formatted(count, what);
  }

  /** {@code id 3, 8 bytes, active, owned by edge-xdp.service (uid 0)}. */
  private static String describe(Field field) {
    String text = "id %d, %d bytes, %s".formatted(field.id(), field.size(), field.state());
    if (!field.owners().isEmpty()) {
      text += ", owned by " + owners(field);
    }
    if (field.reservation() != null) {
      text += ", reserved by " + field.reservation().by();
    }
    return field.is(FieldState.RETIRED)
        ? text + ", since " + Instant.ofEpochMilli(field.retired().atMs())
        : text;
  }

  private static Map<String, String> factsOf(Field field) {
    Map<String, String> facts = new HashMap<>();
    facts.put("name", field.name());
    facts.put("id", Integer.toString(field.id()));
    facts.put("size", Integer.toString(field.size()));
    facts.put("state", field.state().toString());
    facts.put("generation", Integer.toString(field.generation()));
    facts.put("owner", owners(field));
    return facts;
  }

  /** The first five owners, and how many more there are. */
  static String owners(Field field) {
    List<Owner> owners = field.owners();
    return owners.stream().limit(MOST).map(Owner::toString).collect(joining(", "))
        + more(owners.size() - MOST);
  }

  static String more(int count) {
    return count > 0 ? " and %d more".formatted(count) : "";
  }

  /** The five owners who hold the most ids, or the most bytes of the area. */
  static String holders(List<Field> fields, boolean inBytes) {
    Map<String, Integer> held = new HashMap<>();
    for (Field field : fields) {
      String nobody = field.is(FieldState.ACTIVE) ? "nobody (adopted)" : "reservations";
      String holder = field.owners().isEmpty() ? nobody : field.owners().get(0).toString();
      held.merge(holder, inBytes ? field.size() : 1, Integer::sum);
    }
    return held.entrySet().stream()
        .sorted(
            Comparator.comparing((Map.Entry<String, Integer> e) -> -e.getValue())
                .thenComparing(Map.Entry::getKey))
        .limit(MOST)
        .map(e -> e.getKey() + ": " + e.getValue())
        .collect(joining(", "));
  }
}
