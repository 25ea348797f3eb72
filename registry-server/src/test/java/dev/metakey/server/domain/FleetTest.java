package dev.metakey.server.domain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.metakey.model.ChangeKind;
import dev.metakey.model.Field;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.FieldState;
import dev.metakey.model.FleetPlanLine;
import dev.metakey.model.Format;
import dev.metakey.model.Layout;
import dev.metakey.model.Merge;
import dev.metakey.model.Owner;
import dev.metakey.model.Reason;
import dev.metakey.model.Reservation;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What a host in a fleet does with names that are new on it. */
class FleetTest {
  private static final FieldSpec PACKET = FieldSpec.of("edge.packet_id", 8);
  private static final String SERVICE = FleetField.serviceOf(Given.EDGE.owner());

  private static Fleet fleet(FleetField... fields) {
    Map<String, FleetField> byName = new HashMap<>();
    for (FleetField field : fields) {
      byName.put(field.name(), field);
    }
    Prefixes prefixes = new Prefixes(false, List.of("edge", "shared"));
    return new Fleet("prod", prefixes, 0, 47, true, false, false, byName);
  }

  private static Fleet away(Fleet fleet, boolean local) {
    return new Fleet(
        fleet.name(), fleet.prefixes(), 0, 47, fleet.joined(), true, local, fleet.fields());
  }

  private static Fleet unjoined(Fleet fleet) {
    return new Fleet(
        fleet.name(), fleet.prefixes(), 0, 47, false, fleet.away(), false, fleet.fields());
  }

  private static FleetField field(FieldSpec spec, int id, int slot) {
    return new FleetField(spec, id, slot, SERVICE, 1, false);
  }

  @Test
  void register_whenTheFleetKnowsTheName_givesItsIdAndSlot() {
    Given host = Given.host().in(fleet(field(PACKET, 17, 64)));
    Field field = host.register(Given.EDGE, PACKET).field();
    assertThat(field.id()).isEqualTo(17);
    assertThat(field.slot()).isEqualTo(64);
  }

  @Test
  void register_whenTheFleetIsAway_stillGivesWhatIsKnownOfIt() {
    Given host = Given.host().in(away(fleet(field(PACKET, 17, 64)), false));
    assertThat(host.register(Given.EDGE, PACKET).field().id()).isEqualTo(17);
  }

  @Test
  void register_whenTheLayoutIsPacked_givesTheId() {
    Given host = Given.packed().in(fleet(field(PACKET, 17, 0)));
    Field field = host.register(Given.EDGE, PACKET).field();
    assertThat(field.id()).isEqualTo(17);
    assertThat(field.slot()).isZero();
  }

  @Test
  void register_whenTheFleetDoesNotKnowTheName_isRefusedAndMayBeTriedAgain() {
    Given host = Given.host();
    host.in(away(fleet(), false));
    assertThat(host.refused(Reason.FLEET_AWAY, Given.EDGE, PACKET).text())
        .contains("cannot be reached now");
    host.in(unjoined(fleet(field(PACKET, 17, 64))));
    assertThat(host.refused(Reason.FLEET_AWAY, Given.EDGE, PACKET).text())
        .contains("metakey fleet plan", "metakey fleet join");
    host.in(fleet());
    host.refused(Reason.FLEET_AWAY, Given.EDGE, PACKET);
    host.in(fleet(new FleetField(PACKET, 17, 64, SERVICE, 1, true)));
    host.refused(Reason.FLEET_AWAY, Given.EDGE, PACKET);
  }

  @Test
  void register_whenAwayMeansLocal_givesAnIdOfTheHostsOwn() {
    Given host = Given.host().in(away(fleet(), true));
    assertThat(host.register(Given.EDGE, PACKET).field().id()).isEqualTo(48);
  }

  @Test
  void register_whenTheNameIsNotTheFleets_givesAnIdAndSlotThatTheFleetDoesNotUse() {
    Given host = Given.slotted(64).in(fleet(field(FieldSpec.of("edge.a", 2), 0, 64)));
    Field own = host.register(Given.EDGE, FieldSpec.of("own.a", 8)).field();
    Field next = host.register(Given.EDGE, FieldSpec.of("own.b", 2)).field();
    Field third = host.register(Given.EDGE, FieldSpec.of("own.c", 2)).field();
    assertThat(List.of(own.id(), next.id(), third.id())).containsExactly(48, 49, 50);
    assertThat(List.of(own.slot(), next.slot(), third.slot())).containsExactly(24, 26, 28);
    assertThat(host.register(Given.EDGE, FieldSpec.of("edge.a", 2)).field().slot()).isEqualTo(64);
  }

  @Test
  void register_whenTheHostsOwnIdsAreUsedUp_saysThatTheRestIsTheFleets() {
    Given host = Given.packed().in(fleet());
    for (int i = 0; i < 16; i++) {
      host.with(Given.ROOT, FieldSpec.of("own.f" + i, 8));
    }
    assertThat(host.refused(Reason.NO_FREE_ID, Given.ROOT, FieldSpec.of("own.more", 8)).text())
        .contains("the ids 0 to 47 are for names of fleet prod");
  }

  @Test
  void register_whenTheNameIsKnownHere_neverAsksTheFleet() {
    Given host = Given.host().with(Given.EDGE, PACKET);
    host.in(away(fleet(field(FieldSpec.of("edge.packet_id", 4), 17, 64)), false));
    Field again = host.register(Given.EDGE, PACKET).field();
    assertThat(again.id()).isZero();
    host.released(Given.EDGE, "edge.packet_id");
    assertThat(host.register(Given.EDGE, PACKET).field().id()).isZero();
  }

  @Test
  void register_whenTheFleetsPlaceIsTakenHere_saysByWhomAndChangesNothing() {
    Given host = Given.host().with(Given.TRACER, FieldSpec.of("own.a", 8)); // id 0, slot 24
    host.in(fleet(field(PACKET, 0, 64)));
    assertThat(host.refused(Reason.ID_TAKEN, Given.EDGE, PACKET).text())
        .contains("has id 0 in fleet prod", "own.a (id 0, active, owned by tracer.service")
        .contains("'metakey release own.a --now' frees it");
    host.in(fleet(field(PACKET, 5, 24)));
    assertThat(host.refused(Reason.ID_TAKEN, Given.EDGE, PACKET).text())
        .contains("has slot 24 in fleet prod", "own.a");
    host.in(fleet(field(PACKET, 5, 200)));
    assertThat(host.refused(Reason.ID_TAKEN, Given.EDGE, PACKET).text())
        .contains("slot 200", "do not have");
    host.in(fleet(field(PACKET, 0, 64)));
    host.released(Given.TRACER, "own.a"); // quarantined: still somebody's
    host.refused(Reason.ID_TAKEN, Given.EDGE, PACKET);
    host.afterQuarantine();
    assertThat(host.register(Given.EDGE, PACKET).field().id()).isZero();
  }

  @Test
  void register_whenAProgramUsesTheFleetsPlace_isRefused() {
    Given host = Given.host().with(Given.TRACER, FieldSpec.of("own.a", 8));
    host.loads(Loaded.program(42, Loaded.use("own.a", 8, Loaded.place(0, 24, 1)))).looks();
    host.run(Given.ROOT, new Release("own.a", 0, true, false));
    host.in(fleet(field(PACKET, 0, 64)));
    host.afterQuarantine();
    host.refused(Reason.ID_TAKEN, Given.EDGE, PACKET);
  }

  @Test
  void register_whenTheFleetHasOtherAttributes_isRefused() {
    Given host = Given.host().in(fleet(field(FieldSpec.of("edge.packet_id", 4), 17, 64)));
    assertThat(host.refused(Reason.MISMATCH, Given.EDGE, PACKET).text())
        .contains("size is 4, asked for 8");
    host.in(fleet(field(PACKET.mergedBy(Merge.BLOCK), 17, 64)));
    host.refused(Reason.MISMATCH, Given.EDGE, PACKET);
    host.in(fleet(field(PACKET.printedAs(Format.HEX), 17, 64))); // its own service's to say
    host.register(Given.EDGE, PACKET);
  }

  @Test
  void register_whenAnotherServiceHoldsItInTheFleet_isRefusedUnlessBothShare() {
    Given host = Given.host().in(fleet(field(PACKET, 17, 64)));
    assertThat(host.refused(Reason.OWNED_BY_OTHER, Given.TRACER, PACKET).text())
        .contains("to user:edge.service; you are tracer.service");
    host.refused(Reason.OWNED_BY_OTHER, Given.TRACER, PACKET.shared());
    host.in(fleet(field(PACKET.shared(), 17, 64)));
    host.refused(Reason.OWNED_BY_OTHER, Given.TRACER, PACKET);
    assertThat(host.register(Given.TRACER, PACKET.shared()).field().id()).isEqualTo(17);
  }

  @Test
  void register_whenReservedHere_mindsWhoHoldsItInTheFleet() {
    Given host = Given.host().reserved("edge.packet_id", 8, 17).in(fleet(field(PACKET, 17, 64)));
    host.refused(Reason.OWNED_BY_OTHER, Given.TRACER, PACKET);
    host.register(Given.EDGE, PACKET);
  }

  @Test
  void serviceOf_tellsAUsersOwnUnitFromTheSystems() {
    assertThat(FleetField.serviceOf(Owner.unit("edge.service"))).isEqualTo("edge.service");
    assertThat(FleetField.serviceOf(new Owner(1000, "edge.service")))
        .isEqualTo("user:edge.service");
    assertThat(FleetField.serviceOf(new Owner(1000, "tracer"))).isEqualTo("tracer");
    assertThat(FleetField.serviceOf(Owner.container("tracer"))).isEqualTo("tracer");
  }

  @Test
  void reserve_mustAgreeWithTheFleet_unlessForeign() {
    Given host = Given.host().in(fleet(field(PACKET, 17, 64)));
    Reservation file = new Reservation(false, "10.yaml:3");
    assertThat(host.refused(Reason.ID_TAKEN, Given.ROOT, new Reserve(PACKET, 3, file)).text())
        .contains("edge.packet_id has id 17 and slot 64 in fleet prod");
    host.refused(
        Reason.MISMATCH, Given.ROOT, new Reserve(FieldSpec.of("edge.packet_id", 4), 17, file));
    host.refused(Reason.ID_TAKEN, Given.ROOT, new Reserve(FieldSpec.of("edge.other", 8), 18, file));
    host.refused(Reason.ID_TAKEN, Given.ROOT, new Reserve(FieldSpec.of("own.a", 8), 18, file));
    host.run(Given.ROOT, new Reserve(FieldSpec.of("own.a", 8), 50, file));
    host.run(Given.ROOT, new Reserve(PACKET, 17, file));
    assertThat(host.field("edge.packet_id").slot()).isEqualTo(64);
    host.foreign("edge.hard_coded", 8, 5);
    assertThat(host.field("edge.hard_coded").is(FieldState.RESERVED)).isTrue();
  }

  @Test
  void apply_mustAgreeWithTheFleet() {
    Given host = Given.host().in(fleet(field(PACKET, 17, 64)));
    List<Owner> owners = List.of(Given.EDGE.owner());
    Apply.Result wrong =
        host.run(Given.ROOT, new Apply(List.of(new Import(PACKET, 3, 0, owners, "a:1"))));
    assertThat(wrong.conflicts()).singleElement().asString().contains("has id 17");
    host.run(Given.ROOT, new Apply(List.of(new Import(PACKET, 17, 0, owners, "a:1"))));
    assertThat(host.field("edge.packet_id").slot()).isEqualTo(64);
  }

  @Test
  void fleet_whenTheLayoutIsNotTheHosts_placesNothing() {
    Given host = Given.host().in(fleet(field(PACKET, 17, 0)));
    assertThat(host.layout()).isEqualTo(Layout.SLOTTED);
    host.refused(Reason.ID_TAKEN, Given.EDGE, PACKET);
  }

  /** Hosts that were there before the fleet. */
  private static Given divergent() {
    return Given.host().with(Given.EDGE, PACKET).looks().in(fleet(field(PACKET, 17, 64)));
  }

  @Test
  void divergences_areWhatIsOtherwiseHere() {
    Given host = divergent();
    host.in(away(fleet(field(PACKET, 17, 64)), true));
    host.with(Given.EDGE, FieldSpec.of("edge.local", 2), FieldSpec.of("own.a", 4));
    Fleet fleet = fleet(field(PACKET, 17, 64));
    assertThat(FleetPlan.divergences(host.snapshot(), fleet))
        .containsExactly(
            "edge.packet_id is id 0, slot 24 here, and id 17, slot 64 in fleet prod; 'metakey fleet adopt edge.packet_id' moves it, or release it ('metakey release edge.packet_id --now')",
            "edge.local is id 48, slot 26 here, and unknown to fleet prod; its id 48 is none that the fleet hands out (0-47); 'metakey fleet adopt edge.local' has the fleet give it another place and moves it there, or release it ('metakey release edge.local --now')");
    assertThat(FleetPlan.divergences(host.snapshot(), fleet(field(PACKET, 0, 24)))).hasSize(1);
    assertThat(FleetPlan.divergences(host.snapshot(), Fleet.NONE)).isEmpty();
    host.released(Given.EDGE, "edge.packet_id");
    assertThat(FleetPlan.divergences(host.snapshot(), fleet)).hasSize(2);
    host.afterQuarantine();
    assertThat(FleetPlan.divergences(host.snapshot(), fleet)).hasSize(1);
  }

  @Test
  void plan_tellsWhatJoiningDoesAboutEachName() {
    Given host = Given.host().with(Given.EDGE, PACKET, FieldSpec.of("edge.a", 4));
    assertThat(FleetPlan.of(host.snapshot(), fleet(field(FieldSpec.of("edge.b", 2), 9, 28))))
        .extracting(FleetPlanLine::agrees, FleetPlanLine::verdict)
        .containsExactly(
            tuple(true, "would be claimed"),
            tuple(
                false,
                "in the fleet edge.b has its slot 28; 'metakey fleet adopt edge.a' has the fleet give it another place and moves it there, or release it ('metakey release edge.a --now')"));
    assertThat(FleetPlan.of(host.snapshot(), fleet(field(FieldSpec.of("edge.a", 2), 1, 28))))
        .extracting(FleetPlanLine::verdict)
        .contains(
            "the fleet has it with id 1 in slot 28, size 2; as its size is another, release it here ('metakey release edge.a --now'), or there");
  }

  @Test
  void adopt_movesAFieldToTheFleetsPlace_inOneCommit() {
    Given host = divergent();
    Field moved = host.run(Given.ROOT, new FleetAdopt("edge.packet_id"));
    assertThat(moved.id()).isEqualTo(17);
    assertThat(moved.slot()).isEqualTo(64);
    assertThat(moved.generation()).isEqualTo(1);
    assertThat(host.lastKinds())
        .containsExactly(ChangeKind.RELEASED, ChangeKind.FREED, ChangeKind.CREATED);
    assertThat(host.snapshot().byId(0).is(FieldState.FREE)).isTrue();
    assertThat(host.register(Given.EDGE, PACKET).field().id()).isEqualTo(17);
    host.run(Given.ROOT, new FleetAdopt("edge.packet_id"));
    assertThat(host.lastChanges()).isEmpty();
  }

  @Test
  void adopt_whenOnlyTheSlotDiffers_movesIt() {
    Given host = divergent().in(fleet(field(PACKET, 0, 64)));
    Field moved = host.run(Given.ROOT, new FleetAdopt("edge.packet_id"));
    assertThat(moved.id()).isZero();
    assertThat(moved.slot()).isEqualTo(64);
    assertThat(moved.generation()).isEqualTo(2);
  }

  @Test
  void adopt_whenAProgramIsLinkedToEitherId_isRefused() {
    Given host = divergent();
    host.loads(Loaded.program(42, Loaded.use("edge.packet_id", 8, Loaded.place(0, 24, 1)))).looks();
    assertThat(host.refused(Reason.IN_USE, Given.ROOT, new FleetAdopt("edge.packet_id")).text())
        .contains("linked to id 0");
    host.loads(Loaded.program(42, Loaded.use("edge.other", 8, Loaded.place(17, 32, 1)))).looks();
    host.refused(Reason.ID_TAKEN, Given.ROOT, new FleetAdopt("edge.packet_id"));
    host.loads().blind("no BPF").looks();
    host.refused(Reason.IN_USE, Given.ROOT, new FleetAdopt("edge.packet_id"));
  }

  @Test
  void adopt_whenItCannotBeMoved_saysWhatToDo() {
    Given host = divergent();
    FleetAdopt adopt = new FleetAdopt("edge.packet_id");
    host.refused(Reason.NOT_PERMITTED, Given.EDGE, adopt);
    host.refused(Reason.INVALID_REQUEST, Given.ROOT, new FleetAdopt("own.a"));
    host.refused(Reason.NOT_FOUND, Given.ROOT, new FleetAdopt("edge.nobodys"));
    host.in(fleet());
    host.refused(Reason.NOT_FOUND, Given.ROOT, adopt);
    host.in(unjoined(fleet(field(PACKET, 17, 64))));
    host.refused(Reason.FLEET_AWAY, Given.ROOT, adopt);
    host.in(fleet(field(FieldSpec.of("edge.packet_id", 4), 17, 64)));
    host.refused(Reason.MISMATCH, Given.ROOT, adopt);
    host.in(fleet(new FleetField(PACKET, 17, 64, "other.service", 1, false)));
    host.refused(Reason.OWNED_BY_OTHER, Given.ROOT, adopt);
    host.in(Fleet.NONE).with(Given.EDGE, FieldSpec.of("own.a", 8)); // id 1, slot 32
    host.in(fleet(field(PACKET, 1, 64)));
    host.refused(Reason.ID_TAKEN, Given.ROOT, adopt);
    host.in(fleet(field(PACKET, 17, 32)));
    host.refused(Reason.ID_TAKEN, Given.ROOT, adopt);
    host.in(fleet(field(PACKET, 17, 64))).released(Given.EDGE, "edge.packet_id");
    host.refused(Reason.NOT_FOUND, Given.ROOT, adopt);
  }

  @Test
  void adopt_whenReserved_isRefused() {
    Given host = Given.host().reserved("edge.packet_id", 8, 3).with(Given.EDGE, PACKET).looks();
    host.in(fleet(field(PACKET, 17, 64)));
    assertThat(host.refused(Reason.ID_TAKEN, Given.ROOT, new FleetAdopt("edge.packet_id")).text())
        .contains("tied to id 3 here by 10.yaml:3");
  }

  @Test
  void unclaimed_areTheNamesThatNobodyKnows() {
    Given host = Given.host().with(Given.EDGE, FieldSpec.of("edge.known", 8));
    Fleet fleet = fleet(field(PACKET, 17, 64));
    assertThat(
            FleetRules.unclaimed(
                host.snapshot(),
                fleet,
                List.of(
                    PACKET,
                    FieldSpec.of("edge.known", 8),
                    FieldSpec.of("own.a", 8),
                    FieldSpec.of("edge.new", 8))))
        .containsExactly(FieldSpec.of("edge.new", 8));
  }
}
