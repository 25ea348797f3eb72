package dev.metakey.server.domain;

import static dev.metakey.server.domain.Given.EDGE;
import static dev.metakey.server.domain.Given.EDGE_OF_OTHER_UID;
import static dev.metakey.server.domain.Given.ROOT;
import static dev.metakey.server.domain.Given.TRACER;
import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.model.ChangeKind;
import dev.metakey.model.Field;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.FieldState;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Peer;
import dev.metakey.model.Reason;
import dev.metakey.model.Stamp;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** Who may retire a field, and how it comes back. */
class ReleaseTest {
  private static final FieldSpec ID = FieldSpec.of("edge.packet_id", 8);

  private final Given host = Given.host();

  @Test
  void release_whenOwnerAsks_retiresAndKeepsTheRecord() {
    Field active = host.register(EDGE, ID).field();

    Field retired = host.run(EDGE, new Release("edge.packet_id", 1));

    assertThat(retired)
        .isEqualTo(
            active.toBuilder()
                .state(FieldState.RETIRED)
                .retired(new Stamp(2, host.now().atMs(), host.now().ageMs()))
                .build());
    assertThat(host.field("edge.packet_id")).isEqualTo(retired);
    assertThat(host.snapshot().resolve("edge.packet_id")).isNull();
    assertThat(host.lastKinds()).containsExactly(ChangeKind.RELEASED);
  }

  @Test
  void release_whenCallerIsNeitherOwnerNorAdmin_isRefused() {
    host.with(EDGE, ID);

    MetakeyException refusal =
        host.refused(Reason.NOT_PERMITTED, TRACER, new Release("edge.packet_id", 0));
    host.refused(Reason.NOT_PERMITTED, EDGE_OF_OTHER_UID, new Release("edge.packet_id", 0));

    assertThat(refusal.facts()).containsEntry("owner", "edge.service (uid 1000)");
  }

  @Test
  void release_whenCallerIsRootOrTheDaemonsUser_isDone() {
    host.with(EDGE, ID).released(ROOT, "edge.packet_id");
    host.with(EDGE, ID).released(new Peer(Given.DAEMON_UID, 1, 1, "shell"), "edge.packet_id");

    assertThat(host.field("edge.packet_id").state()).isEqualTo(FieldState.RETIRED);
  }

  @Test
  void release_whenGenerationIsWrong_isRefused() {
    host.with(EDGE, ID);

    MetakeyException refusal =
        host.refused(Reason.WRONG_GENERATION, EDGE, new Release("edge.packet_id", 2));

    assertThat(refusal.facts()).containsEntry("generation", "1");
  }

  @Test
  void release_whenReleasedAlready_isRefused() {
    host.with(EDGE, ID).released(EDGE, "edge.packet_id");

    MetakeyException refusal =
        host.refused(Reason.NOT_FOUND, EDGE, new Release("edge.packet_id", 0));

    assertThat(refusal).hasMessageContaining("released already");
    assertThat(refusal.facts()).containsEntry("state", "retired");
  }

  @Test
  void release_whenOnlyReserved_isRefused() {
    host.reserved("r", 8, 7).foreign("f", 8, 8);

    host.refused(Reason.NOT_FOUND, ROOT, new Release("r", 0));
    MetakeyException refusal = host.refused(Reason.NOT_FOUND, ROOT, new Release("f", 0));

    assertThat(refusal.facts()).containsEntry("state", "reserved");
  }

  @Test
  void release_whenNameIsUnknown_namesSimilarOnes() {
    host.with(EDGE, ID, FieldSpec.of("edge.port", 2), FieldSpec.of("core.packet_id", 8));

    MetakeyException refusal =
        host.refused(Reason.NOT_FOUND, EDGE, new Release("edge.paket_id", 0));

    assertThat(refusal.facts())
        .containsEntry("missing", "edge.paket_id")
        .containsEntry("similar", "edge.packet_id");
    assertThat(refusal).hasMessageContaining("did you mean edge.packet_id?");
  }

  @Test
  void release_whenNameWasFreed_isUnknown() {
    host.with(EDGE, ID).released(EDGE, "edge.packet_id").afterQuarantine();

    MetakeyException refusal =
        host.refused(Reason.NOT_FOUND, EDGE, new Release("edge.packet_id", 0));

    assertThat(refusal).hasMessageContaining("not known here");
  }

  @Test
  void undelete_whenRetired_bringsItBackAsItWas() {
    Field active =
        host.register(EDGE, ID.expiringAfter(Duration.ofHours(1)).describedAs("x")).field();
    host.released(EDGE, "edge.packet_id").after(Duration.ofMinutes(1));

    Field restored = host.run(ROOT, new Undelete("edge.packet_id"));

    assertThat(restored)
        .isEqualTo(
            active.toBuilder()
                .expiresAtMs(host.now().atMs() + Duration.ofHours(1).toMillis())
                .expiresAgeMs(host.now().ageMs() + Duration.ofHours(1).toMillis())
                .build());
    assertThat(host.lastKinds()).containsExactly(ChangeKind.RESTORED);
  }

  @Test
  void undelete_whenCallerIsNoAdmin_isRefused() {
    host.with(EDGE, ID).released(EDGE, "edge.packet_id");

    host.refused(Reason.NOT_PERMITTED, EDGE, new Undelete("edge.packet_id"));
  }

  @Test
  void undelete_whenNotRetired_isRefused() {
    host.with(EDGE, ID, FieldSpec.of("gone", 2)).released(EDGE, "gone").afterQuarantine();

    host.refused(Reason.NOT_FOUND, ROOT, new Undelete("edge.packet_id"));
    host.refused(Reason.NOT_FOUND, ROOT, new Undelete("gone"));
    host.refused(Reason.NOT_FOUND, ROOT, new Undelete("never_seen"));
  }
}
