package dev.metakey.server.domain;

import static dev.metakey.server.domain.Given.EDGE;
import static dev.metakey.server.domain.Given.ROOT;
import static dev.metakey.server.domain.Given.TRACER;
import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.model.ChangeKind;
import dev.metakey.model.Field;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.FieldState;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Outcome;
import dev.metakey.model.Owner;
import dev.metakey.model.Peer;
import dev.metakey.model.Reason;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How an admin hands a field to another owner. */
class TransferTest {
  private static final FieldSpec ID = FieldSpec.of("edge.packet_id", 8);
  private static final Owner UNIT = Owner.unit("edge-xdp.service");
  private static final Peer IN_UNIT = new Peer(UNIT, 990, 990, 7, "edge-xdp.service", "", false);

  private final Given host = Given.host();

  @Test
  void transfer_whenActive_itIsTheNewOwnersAndTheOldOnesNoMore() {
    Field active = host.register(EDGE, ID).field();

    Field handed = host.run(ROOT, new Transfer("edge.packet_id", UNIT));

    assertThat(handed).isEqualTo(active.toBuilder().owners(List.of(UNIT)).build());
    assertThat(host.lastKinds()).containsExactly(ChangeKind.TRANSFERRED);
    assertThat(host.lastChanges().get(0).before()).isEqualTo(active);
    assertThat(host.register(IN_UNIT, ID).outcome()).isEqualTo(Outcome.EXISTING);
    host.refused(Reason.OWNED_BY_OTHER, EDGE, ID);
  }

  @Test
  void transfer_whenItIsTheirsAlready_changesNothing() {
    host.with(EDGE, ID);
    host.run(ROOT, new Transfer("edge.packet_id", EDGE.owner()));

    assertThat(host.lastChanges()).isEmpty();
  }

  @Test
  void transfer_whenRetired_staysRetiredAndTheNewOwnerBringsItBack() {
    int id = host.register(EDGE, ID).field().id();
    host.released(EDGE, "edge.packet_id");

    Field handed = host.run(ROOT, new Transfer("edge.packet_id", UNIT));

    assertThat(handed.state()).isEqualTo(FieldState.RETIRED);
    host.refused(Reason.OWNED_BY_OTHER, EDGE, ID);
    assertThat(host.register(IN_UNIT, ID).field().id()).isEqualTo(id);
  }

  @Test
  void transfer_whenShared_leavesOneOwnerAndOthersJoinAgain() {
    host.with(EDGE, ID.shared()).with(TRACER, ID.shared());

    Field handed = host.run(ROOT, new Transfer("edge.packet_id", TRACER.owner()));

    assertThat(handed.owners()).containsExactly(TRACER.owner());
    assertThat(host.register(EDGE, ID.shared()).field().owners())
        .containsExactly(TRACER.owner(), EDGE.owner());
  }

  @Test
  void transfer_whenNobodyOwnsItYet_isRefusedOfAReservation() {
    host.reserved("edge.packet_id", 8, 3);

    MetakeyException refusal =
        host.refused(Reason.NOT_FOUND, ROOT, new Transfer("edge.packet_id", UNIT));

    assertThat(refusal).hasMessageContaining("only reserved");
    host.refused(Reason.NOT_FOUND, ROOT, new Transfer("edge.other", UNIT));
  }

  @Test
  void transfer_whenCallerIsNoAdmin_isRefused() {
    host.with(EDGE, ID);

    host.refused(Reason.NOT_PERMITTED, EDGE, new Transfer("edge.packet_id", UNIT));
  }

  @ParameterizedTest
  @CsvSource({
    "UNIT, edge.service, --to edge.service",
    "USER, tracer, --to tracer --uid 1000",
    "CONTAINER, web, --to web --container",
  })
  void ownedByOther_whenItIsMeantForTheCaller_tellsAdminsHowToHandItOver(
      Owner.Kind kind, String service, String advice) {
    host.with(EDGE, ID);
    Owner owner = new Owner(kind, kind == Owner.Kind.USER ? 1000 : Owner.NO_UID, service);

    MetakeyException refusal =
        host.refused(Reason.OWNED_BY_OTHER, new Peer(owner, 1000, 1000, 9, "", "", false), ID);

    assertThat(refusal).hasMessageEndingWith("metakey transfer edge.packet_id " + advice);
  }

  @Test
  void ownedByOther_whenTheCallerIsAUsersUnit_advisesNoTransfer() {
    host.with(TRACER, ID);

    assertThat(host.refused(Reason.OWNED_BY_OTHER, EDGE, ID)).hasMessageNotContaining("transfer");
  }
}
