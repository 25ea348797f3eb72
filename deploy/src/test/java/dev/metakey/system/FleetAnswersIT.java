package dev.metakey.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.v1.Field;
import dev.metakey.v1.FieldSpec;
import dev.metakey.v1.Owner;
import dev.metakey.v1.User;
import java.util.List;
import org.junit.jupiter.api.Test;

/** That {@link FleetAnswers} finds what must not be, and nothing else. */
class FleetAnswersIT {
  private final FleetAnswers answers = new FleetAnswers();

  private static Field field(FieldSpec spec, int id, int slot) {
    return Field.newBuilder()
        .setSpec(spec)
        .setId(id)
        .setSlot(slot)
        .addOwners(Owner.newBuilder().setUser(User.newBuilder().setClaim("edge")))
        .build();
  }

  private static Field shared(String name, int id, int slot) {
    return field(Wiretap.shared(name, 2), id, slot);
  }

  private static Field exclusive(String name, int id, int slot) {
    return field(Wiretap.field(name, 4), id, slot);
  }

  private void isWrong(String... words) {
    assertThat(answers.wrongs()).singleElement().asString().contains(words);
  }

  @Test
  void anIdMayHaveOneNameAfterTheOther_andANameManyHosts() {
    answers.add("h0", "edge", shared("a", 0, 200));
    answers.add("h1", "tracer", shared("a", 0, 200));
    answers.add("h1", "edge", exclusive("b", 1, 24));
    answers.add("h2", "edge", exclusive("b", 1, 24));
    answers.refused("h2", "tracer", "b", "owned by another");
    answers.requireAll("h2", List.of(exclusive("b", 1, 24)));
    answers.release("h0", "a");
    answers.release("h1", "a");
    answers.add("h0", "edge", shared("c", 0, 200));
    answers.release("h1", "b");
    answers.release("h2", "b");
    answers.add("h1", "tracer", exclusive("b", 2, 28));

    assertThat(answers.wrongs()).isEmpty();
    assertThat(answers.handovers()).isEqualTo(1);
    assertThat(answers.refusals("b")).isEqualTo(1);
  }

  @Test
  void anIdWithTwoNamesAtOnce_isFound_alsoIfOneHostOfManyHasLeft() {
    answers.add("h0", "edge", shared("a", 0, 200));
    answers.add("h1", "edge", shared("a", 0, 200));
    answers.release("h0", "a");
    answers.add("h2", "edge", shared("b", 0, 100));
    isWrong("one id", "host=h1", "host=h2");
  }

  @Test
  void aNameAtTwoPlaces_isFound() {
    answers.add("h0", "edge", shared("a", 0, 200));
    answers.add("h1", "edge", shared("a", 1, 200));
    isWrong("two places", "host=h0", "host=h1");
  }

  @Test
  void slotsThatOverlap_areFound() {
    answers.add("h0", "edge", exclusive("a", 0, 200));
    answers.add("h1", "edge", shared("b", 1, 198));
    isWrong("bytes in common");
  }

  @Test
  void anExclusiveNameOfTwoServices_isFound() {
    answers.add("h0", "edge", exclusive("a", 0, 200));
    answers.add("h1", "tracer", exclusive("a", 0, 200));
    isWrong("two services");
  }

  @Test
  void whatWasAnsweredAndIsAnotherLater_orRefused_orLost_isFound() {
    answers.add("h0", "edge", shared("a", 0, 200));
    answers.refused("h0", "edge", "a", "away");
    isWrong("answered, and then refused: away");

    answers.requireAll("h0", List.of());
    assertThat(answers.wrongs()).last().asString().contains("is lost");

    answers.add("h0", "edge", shared("a", 3, 200));
    assertThat(answers.wrongs()).last().asString().contains("which was");
  }
}
