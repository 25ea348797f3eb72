package dev.metakey.server.domain;

import static dev.metakey.server.domain.Given.EDGE;
import static dev.metakey.server.domain.Given.ROOT;
import static dev.metakey.server.domain.Loaded.TAG;
import static dev.metakey.server.domain.Loaded.place;
import static dev.metakey.server.domain.Loaded.program;
import static dev.metakey.server.domain.Loaded.use;
import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.model.FieldSpec;
import dev.metakey.model.FieldUse;
import dev.metakey.model.Layout;
import dev.metakey.model.LoadedProgram;
import dev.metakey.model.Reason;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Snapshot;
import dev.metakey.model.Tag;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** The tag: when there is a new one, and whose word counts for that. */
class RetagTest {
  private static final Tag FRESH = Tag.of(new byte[] {7, 7, 7, 7, 7, 7});
  private static final LoadedProgram LINKED = program(20, use("edge.hop", 2, place(0, 18, 1)));

  private final Given host = Given.host().with(EDGE, FieldSpec.of("edge.hop", 2));

  @Test
  void retag_whenNothingIsLoaded_takesTheNewOneAndChangesNoField() {
    long revision = host.revision();

    assertThat(host.run(ROOT, new Retag(FRESH, false))).isTrue();

    assertThat(host.tag()).isEqualTo(FRESH);
    assertThat(host.lastChanges()).isEmpty();
    assertThat(host.revision()).isEqualTo(revision);
  }

  @Test
  void retag_whenNotAnAdmin_isRefused() {
    host.refused(Reason.NOT_PERMITTED, EDGE, new Retag(FRESH, true));
  }

  @Test
  void retag_whileLinkedProgramsAreLoaded_isRefusedWhateverAnAdminSays() {
    host.loads(LINKED).looks();

    assertThat(host.refused(Reason.IN_USE, ROOT, new Retag(FRESH, true)).text())
        .contains("prog20", "link again");
    host.loads(program(21, use("edge.hop", 2, null))).looks();
    host.run(ROOT, new Retag(FRESH, false));
    assertThat(host.tag()).isEqualTo(FRESH);
  }

  @Test
  void retag_whenProgramsCannotBeSeen_needsAnAdminsWord() {
    host.blind("not allowed").looks();

    assertThat(host.refused(Reason.IN_USE, ROOT, new Retag(FRESH, false)).text())
        .contains("not allowed", "--nothing-loaded");
    host.run(ROOT, new Retag(FRESH, true));
    assertThat(host.tag()).isEqualTo(FRESH);
  }

  @Test
  void retag_whenReadOnly_isRefused() {
    RegistryState state = host.state();
    Rules rules = new Rules(1, 0, Policy.OPEN, "a broken config");

    assertThat(Registry.decide(state, rules, new Retag(FRESH, true), ROOT, new Now(1, 1)))
        .isInstanceOfSatisfying(
            Decision.Rejected.class,
            rejected -> assertThat(rejected.refusal().reason()).isEqualTo(Reason.READ_ONLY));
  }

  @Test
  void start_whenTheLayoutOrAreaChanges_takesANewTag() {
    host.newBoot().looks();
    host.run(ROOT, new Start("the next boot", Layout.SLOTTED, 128, false, FRESH));
    assertThat(host.tag()).as("the same layout").isEqualTo(TAG);

    host.run(ROOT, new Start("another boot", Layout.PACKED, 128, false, FRESH));
    assertThat(host.tag()).isEqualTo(FRESH);
  }

  @Test
  void start_whenProgramsAreAdopted_takesTheirTag() {
    Given empty = Given.host();
    empty.run(ROOT, new Retag(FRESH, false));

    empty.loads(LINKED).restart();

    assertThat(empty.tag()).isEqualTo(TAG);
    assertThat(empty.isStale(LINKED)).isFalse();
  }

  @Test
  void program_whenLinkedWithAnotherTag_isStaleAndNobodyIsToldWhich() {
    host.run(ROOT, new Retag(FRESH, false));

    assertThat(Drift.faultOf(host.snapshot(), host.tag(), LINKED.uses().get(0)))
        .isEqualTo("another tag than here");
  }

  @Test
  void recovery_whenTheNewestAccountDoesNotKnowTheTag_takesThatOfOneThatDoes() {
    RegistryState known = state(3, Layout.SLOTTED).with(TAG);
    RegistryState unknown = state(4, Layout.SLOTTED);

    assertThat(Recovery.merge(List.of(unknown, known), new UUID(9, 9), 1).tag()).isEqualTo(TAG);
    assertThat(Recovery.merge(List.of(state(4, Layout.PACKED), known), new UUID(9, 9), 1).tag())
        .as("another layout's")
        .isEqualTo(Tag.NONE);
  }

  @Test
  void adopt_whenTheTagIsNotKnown_takesThatOfThePrograms() {
    RegistryState recovered =
        host.state().with(Tag.NONE).seeing(new Programs(1, List.of(LINKED), ""));
    Rules rules = new Rules(1, 0);

    var decision = Registry.decide(recovered, rules, new Adopt(List.of()), ROOT, new Now(1, 1));

    assertThat(((Decision.Accepted<Integer>) decision).state().tag()).isEqualTo(TAG);
  }

  /** A copy from before a retag was put back, so the program was linked later. */
  @Test
  void adopt_whenAProgramIsOfALaterGeneration_takesItsTagToo() {
    UUID own = host.snapshot().info().registryId();
    FieldUse.Place later = new FieldUse.Place(own, Layout.SLOTTED, 128, FRESH, 0, 2, 18);
    RegistryState recovered =
        host.state().seeing(new Programs(1, List.of(program(20, use("edge.hop", 2, later))), ""));

    var decision =
        Registry.decide(recovered, new Rules(1, 0), new Adopt(List.of(own)), ROOT, new Now(1, 1));

    assertThat(((Decision.Accepted<Integer>) decision).state().tag()).isEqualTo(FRESH);
  }

  private static RegistryState state(long revision, Layout layout) {
    RegistryInfo info = new RegistryInfo(new UUID(1, 2), revision, layout, 128);
    return new RegistryState(Snapshot.of(info, List.of()), "boot");
  }
}
