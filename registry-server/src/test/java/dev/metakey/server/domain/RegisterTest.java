package dev.metakey.server.domain;

import static dev.metakey.server.domain.Given.EDGE;
import static dev.metakey.server.domain.Given.EDGE_OF_OTHER_UID;
import static dev.metakey.server.domain.Given.ROOT;
import static dev.metakey.server.domain.Given.TRACER;
import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.model.ChangeKind;
import dev.metakey.model.Difference;
import dev.metakey.model.Field;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.FieldState;
import dev.metakey.model.Format;
import dev.metakey.model.Merge;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Outcome;
import dev.metakey.model.Reason;
import dev.metakey.model.Registered;
import dev.metakey.model.Stamp;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What registering gives, to whom, and what stays as it was. */
class RegisterTest {
  private static final FieldSpec PACKET_ID =
      FieldSpec.of("edge.packet_id", 8).describedAs("who it is").mergedBy(Merge.BLOCK);

  private final Given host = Given.host();

  @Test
  void register_whenNameIsUnknown_createsIt() {
    Registered registered = host.register(EDGE, PACKET_ID);

    assertThat(registered.outcome()).isEqualTo(Outcome.CREATED);
    assertThat(registered.differences()).isEmpty();
    assertThat(registered.field())
        .isEqualTo(
            new Field.Builder(0, PACKET_ID, FieldState.ACTIVE)
                .generation(1)
                .slot(24)
                .owners(List.of(EDGE.owner()))
                .created(new Stamp(1, host.now().atMs(), host.now().ageMs()))
                .build());
    assertThat(host.field("edge.packet_id")).isEqualTo(registered.field());
    assertThat(host.snapshot().resolve("edge.packet_id")).isEqualTo(registered.field());
    assertThat(host.lastKinds()).containsExactly(ChangeKind.CREATED);
  }

  @Test
  void register_whenOwnerRegistersAgain_isIdempotentForever() {
    Field created = host.register(EDGE, PACKET_ID).field();

    for (int year = 0; year < 3; year++) {
      host.after(Duration.ofDays(365)).reboot();
      Registered again = host.register(EDGE, PACKET_ID);

      assertThat(again).isEqualTo(new Registered(created, Outcome.EXISTING, List.of()));
      assertThat(host.lastChanges()).isEmpty();
    }
    assertThat(host.revision()).isEqualTo(1);
  }

  @Test
  void register_whenSeveralFields_answersInOrderOfRequest() {
    host.with(EDGE, FieldSpec.of("b", 4));

    List<Registered> registered =
        host.register(
            EDGE, List.of(FieldSpec.of("c", 2), FieldSpec.of("b", 4), FieldSpec.of("a", 8)));

    assertThat(registered).extracting(r -> r.field().name()).containsExactly("c", "b", "a");
    assertThat(registered).extracting(r -> r.field().id()).containsExactly(1, 0, 2);
    assertThat(registered)
        .extracting(Registered::outcome)
        .containsExactly(Outcome.CREATED, Outcome.EXISTING, Outcome.CREATED);
  }

  @Test
  void register_whenLastOfSeveralIsRefused_changesNothing() {
    host.with(TRACER, FieldSpec.of("theirs", 4), FieldSpec.of("theirs_too", 8).shared());
    host.with(EDGE, FieldSpec.of("mine", 2).expiringAfter(Duration.ofMinutes(1)));
    host.after(Duration.ofSeconds(30));

    host.refused(
        Reason.OWNED_BY_OTHER,
        EDGE,
        FieldSpec.of("new", 8),
        FieldSpec.of("mine", 2).expiringAfter(Duration.ofMinutes(1)), // would be renewed
        FieldSpec.of("theirs_too", 8).shared(), // would be joined
        FieldSpec.of("theirs", 4));

    assertThat(host.snapshot().byName("new")).isNull();
    assertThat(host.after(Duration.ofSeconds(30)).field("mine").state())
        .isEqualTo(FieldState.RETIRED);
  }

  @Test
  void register_whenSizeOrMergeDiffers_isRefusedWithEveryDifference() {
    host.with(EDGE, PACKET_ID);

    MetakeyException refusal =
        host.refused(
            Reason.MISMATCH,
            EDGE,
            FieldSpec.of("edge.packet_id", 4)
                .mergedBy(Merge.DISCARD)
                .printedAs(Format.HEX)
                .describedAs("something else")
                .expiringAfter(Duration.ofSeconds(5))
                .shared());

    assertThat(refusal.facts())
        .containsEntry("name", "edge.packet_id")
        .containsEntry("id", "0")
        .containsEntry("size", "8")
        .containsEntry("owner", "edge.service (uid 1000)")
        .containsEntry(
            "difference",
            "size is 8, asked for 4; merge is block, asked for discard;"
                + " format is dec, asked for hex; sharing is exclusive, asked for shared;"
                + " description is who it is, asked for something else;"
                + " ttl is never, asked for 5000 ms");
    assertThat(refusal).hasMessageContaining("size is 8, asked for 4");
    host.refused(Reason.MISMATCH, EDGE, PACKET_ID.mergedBy(Merge.UNSPECIFIED));
  }

  @Test
  void register_whenRetiredFieldHadOtherSize_isRefused() {
    host.with(EDGE, PACKET_ID).released(EDGE, "edge.packet_id");

    host.refused(Reason.MISMATCH, EDGE, FieldSpec.of("edge.packet_id", 4).mergedBy(Merge.BLOCK));
  }

  @Test
  void register_whenOtherAttributesDiffer_keepsThemAndReportsDifferences() {
    Field created = host.register(EDGE, PACKET_ID).field();

    Registered again =
        host.register(
            EDGE,
            PACKET_ID
                .printedAs(Format.HEX)
                .describedAs("x")
                .shared()
                .expiringAfter(Duration.ofSeconds(9)));

    assertThat(again.outcome()).isEqualTo(Outcome.EXISTING);
    assertThat(again.field()).isEqualTo(created);
    assertThat(again.differences())
        .containsExactly(
            new Difference("format", "dec", "hex"),
            new Difference("sharing", "exclusive", "shared"),
            new Difference("description", "who it is", "x"),
            new Difference("ttl", "never", "9000 ms"));
    assertThat(host.lastChanges()).isEmpty();
    assertThat(host.field("edge.packet_id")).isEqualTo(created);
  }

  @Test
  void register_whenDescriptionIsEmpty_asksForNoOther() {
    host.with(EDGE, PACKET_ID);

    assertThat(host.register(EDGE, PACKET_ID.describedAs("")).differences()).isEmpty();
  }

  @Test
  void register_whenOwnerHasOtherUidOrService_isRefused() {
    host.with(EDGE, PACKET_ID);

    MetakeyException refusal = host.refused(Reason.OWNED_BY_OTHER, EDGE_OF_OTHER_UID, PACKET_ID);
    host.refused(Reason.OWNED_BY_OTHER, TRACER, PACKET_ID);
    host.refused(Reason.OWNED_BY_OTHER, ROOT, PACKET_ID);

    assertThat(refusal.facts())
        .containsEntry("owner", "edge.service (uid 1000)")
        .containsEntry("caller", "edge.service (uid 1001)");
  }

  @Test
  void register_whenRetiredFieldIsOfOther_isRefused() {
    host.with(EDGE, PACKET_ID).released(EDGE, "edge.packet_id");

    host.refused(Reason.OWNED_BY_OTHER, TRACER, PACKET_ID);
  }

  @Test
  void register_whenOwnFieldIsRetired_bringsItBack() {
    Field created = host.register(EDGE, PACKET_ID).field();
    host.released(EDGE, "edge.packet_id");

    Registered back = host.register(EDGE, PACKET_ID);

    assertThat(back).isEqualTo(new Registered(created, Outcome.EXISTING, List.of()));
    assertThat(host.lastKinds()).containsExactly(ChangeKind.RESTORED);
  }
}
