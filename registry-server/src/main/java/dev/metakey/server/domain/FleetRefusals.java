package dev.metakey.server.domain;

import static java.util.stream.Collectors.joining;

import dev.metakey.model.Difference;
import dev.metakey.model.Field;
import dev.metakey.model.LoadedProgram;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Owner;
import dev.metakey.model.Reason;
import dev.metakey.model.Reservation;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The refusals that only a host in a fleet gives. */
final class FleetRefusals {
  private FleetRefusals() {}

  /** FLEET_AWAY: the name has no id in the fleet yet, as far as this host knows. */
  static MetakeyException away(Fleet fleet, String name) {
    String why;
    if (fleet.away()) {
      why =
          "which cannot be reached now; it is asked again by itself, so try again or wait"
              + " ('metakey fleet status' shows since when and why)";
    } else if (!fleet.joined()) {
      why =
          "which this host has not joined; 'metakey fleet plan' shows what keeps it from that, and"
              + " an admin joins with 'metakey fleet join'";
    } else {
      why = "which has given it none yet; try again";
    }
    return new MetakeyException(
        Reason.FLEET_AWAY,
        "%s needs an id of fleet %s, %s. What this host knows is answered as ever"
            .formatted(name, fleet.name(), why),
        Map.of("name", name, "fleet", fleet.name()));
  }

  /** ID_TAKEN: another field of this host has what the fleet has for the name. */
  static MetakeyException taken(Fleet fleet, FleetField wanted, Field holder) {
    boolean hasId = holder.id() == wanted.id();
    String what = hasId ? "id " + wanted.id() : "slot " + wanted.slot();
    String owners = holder.owners().isEmpty() ? "" : ", owned by " + Refusals.owners(holder);
    Map<String, String> facts = facts(fleet, wanted);
    facts.put("holder", holder.name());
    return new MetakeyException(
        Reason.ID_TAKEN,
        "%s has %s in fleet %s, and here that is taken by %s (id %d, %s%s). Nothing is renumbered by itself: %s"
            .formatted(
                wanted.name(),
                what,
                fleet.name(),
                holder.name(),
                holder.id(),
                holder.state(),
                owners,
                wayOut(fleet, holder)),
        facts);
  }

  /** What makes room where a field is in the way. */
  private static String wayOut(Fleet fleet, Field holder) {
    String release = "'metakey release %s --now' frees it".formatted(holder.name());
    return fleet.hasName(holder.name())
        ? "'metakey fleet adopt %s' moves that to the fleet's place for it, or %s"
            .formatted(holder.name(), release)
        : release + ", or the service that owns it takes a name of the fleet's";
  }

  /** ID_TAKEN: a loaded program that disagrees with the registry uses what the fleet has. */
  static MetakeyException linked(Fleet fleet, FleetField wanted, List<LoadedProgram> programs) {
    String who = programs.isEmpty() ? "a program" : Refusals.describe(programs);
    return new MetakeyException(
        Reason.ID_TAKEN,
        ("%s has id %d and slot %d in fleet %s, and here a loaded program is linked to them under"
                + " another name: %s. Unload it first ('metakey users' shows more)")
            .formatted(wanted.name(), wanted.id(), wanted.slot(), fleet.name(), who),
        facts(fleet, wanted));
  }

  /** ID_TAKEN: this host's area has no such slot. */
  static MetakeyException noSuchSlot(Fleet fleet, FleetField wanted) {
    return new MetakeyException(
        Reason.ID_TAKEN,
        "%s has slot %d in fleet %s, which the layout and area of this host do not have; they must be the fleet's ('metakey fleet status' shows both)"
            .formatted(wanted.name(), wanted.slot(), fleet.name()),
        facts(fleet, wanted));
  }

  static MetakeyException mismatch(Fleet fleet, FleetField known, List<Difference> differences) {
    String all = differences.stream().map(Difference::toString).collect(joining("; "));
    Map<String, String> facts = facts(fleet, known);
    facts.put("difference", all);
    return new MetakeyException(
        Reason.MISMATCH,
        "%s is known in fleet %s with other attributes: %s. Ask for what the fleet has, or take another name"
            .formatted(known.name(), fleet.name(), all),
        facts);
  }

  static MetakeyException ownedByOther(
      Fleet fleet, FleetField known, Owner caller, List<Difference> differences) {
    String sharing = differences.stream().map(Difference::toString).collect(joining("; "));
    Map<String, String> facts = facts(fleet, known);
    facts.put("owner", known.service());
    facts.put("caller", caller.toString());
    facts.put("difference", sharing);
    return new MetakeyException(
        Reason.OWNED_BY_OTHER,
        ("%s belongs to another service in fleet %s: to %s; you are %s. Take another name; or, to"
                + " share it on purpose, let both register it as shared with the same size, format"
                + " and merge%s")
            .formatted(
                known.name(),
                fleet.name(),
                known.service(),
                caller,
                sharing.isEmpty() ? "" : " (now: " + sharing + ")"),
        facts);
  }

  /** ID_TAKEN: an id that an admin or a file named is not the one that the fleet's rules give. */
  static MetakeyException otherId(Fleet fleet, FleetField known, String wanted) {
    return new MetakeyException(
        Reason.ID_TAKEN,
        "%s: %s has id %d%s in fleet %s; say the same, or 'foreign: true' if a program hard-codes another"
            .formatted(
                wanted,
                known.name(),
                known.id(),
                known.slot() == 0 ? "" : " and slot " + known.slot(),
                fleet.name()),
        facts(fleet, known));
  }

  /** ID_TAKEN: the fleet has no id for the name yet, and gives the next free one. */
  static MetakeyException unclaimed(Fleet fleet, String name, int id) {
    return new MetakeyException(
        Reason.ID_TAKEN,
        "%s cannot have id %d: the name is one of fleet %s, which gives it an id when a service registers it; leave it out here until then"
            .formatted(name, id, fleet.name()),
        Map.of("name", name, "id", Integer.toString(id), "fleet", fleet.name()));
  }

  /** ID_TAKEN: the id is the fleet's to hand out, and the name is not the fleet's. */
  static MetakeyException fleetsId(Fleet fleet, String name, int id) {
    return new MetakeyException(
        Reason.ID_TAKEN,
        "%s cannot have id %d: fleet %s hands out the ids %d to %d, and %s is not one of its names (%s); take another id, or add the name to 'fleet.prefixes'"
            .formatted(
                name, id, fleet.name(), fleet.firstId(), fleet.lastId(), name, fleet.prefixes()),
        Map.of("name", name, "id", Integer.toString(id), "fleet", fleet.name()));
  }

  static MetakeyException notTheFleets(Fleet fleet, String name) {
    return new MetakeyException(
        Reason.INVALID_REQUEST,
        fleet.isNone()
            ? "this host belongs to no fleet; the section 'fleet' in metakeyd.yaml names one"
            : "%s is not a name of fleet %s, which has %s; 'fleet.prefixes' in metakeyd.yaml says so"
                .formatted(name, fleet.name(), fleet.prefixes()),
        Map.of("name", name));
  }

  static MetakeyException unknown(Fleet fleet, String name) {
    return new MetakeyException(
        Reason.NOT_FOUND,
        "fleet %s does not know %s, so there is no id to adopt: 'metakey fleet join' gives the fleet the id that it has here, if nothing conflicts ('metakey fleet plan'); else unload the programs that are linked to it, and adopt again"
            .formatted(fleet.name(), name),
        Map.of("name", name, "fleet", fleet.name()));
  }

  static MetakeyException reserved(Field field, FleetField wanted, Reservation reservation) {
    return new MetakeyException(
        Reason.ID_TAKEN,
        "%s cannot be moved to id %d: it is tied to id %d here by %s; change that first"
            .formatted(field.name(), wanted.id(), field.id(), reservation.by()),
        Map.of("name", field.name(), "id", Integer.toString(field.id())));
  }

  static MetakeyException otherService(Fleet fleet, FleetField wanted, Field field) {
    Map<String, String> facts = facts(fleet, wanted);
    facts.put("owner", wanted.service());
    return new MetakeyException(
        Reason.OWNED_BY_OTHER,
        "%s belongs to %s in fleet %s, and to %s here; hand it over with 'metakey transfer' if they are one, or release it here"
            .formatted(field.name(), wanted.service(), fleet.name(), Refusals.owners(field)),
        facts);
  }

  static MetakeyException inUse(Field field, List<LoadedProgram> programs) {
    return new MetakeyException(
        Reason.IN_USE,
        "%s cannot be moved, as it is in use: linked to id %d are %s. Unload them, adopt, and link them again"
            .formatted(field.name(), field.id(), Refusals.describe(programs)),
        Map.of("name", field.name(), "id", Integer.toString(field.id())));
  }

  private static Map<String, String> facts(Fleet fleet, FleetField field) {
    Map<String, String> facts = new HashMap<>();
    facts.put("name", field.name());
    facts.put("id", Integer.toString(field.id()));
    facts.put("slot", Integer.toString(field.slot()));
    facts.put("fleet", fleet.name());
    return facts;
  }
}
