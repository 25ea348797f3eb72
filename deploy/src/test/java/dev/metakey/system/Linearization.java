package dev.metakey.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.model.Change;
import dev.metakey.model.Field;
import dev.metakey.model.FieldState;
import dev.metakey.model.Peer;
import dev.metakey.model.Reason;
import dev.metakey.model.Registered;
import dev.metakey.model.Stamp;
import dev.metakey.server.domain.Command;
import dev.metakey.server.domain.Decision;
import dev.metakey.server.domain.Now;
import dev.metakey.server.domain.Registry;
import dev.metakey.server.domain.RegistryState;
import dev.metakey.server.domain.Rules;
import dev.metakey.system.Calls.Asked;
import dev.metakey.system.Calls.Call;
import dev.metakey.system.Calls.Outcome;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.PriorityQueue;
import java.util.Set;

/**
 * Shows that calls of many clients at once came to what they would have come to one after another,
 * in an order that agrees with the clients' clocks.
 *
 * <p>That is hard to find out in general, as there may be many orders to try. Here nothing has to
 * be tried, because each answer says at which revision it was given, and the history says what each
 * revision changed:
 *
 * <ol>
 *   <li>The history is replayed through the rules, which are a pure function. Each commit has to be
 *       what one of the calls comes to in the state before it, to the last field: the one that was
 *       answered at that revision, or one that was never answered. That call is put there.
 *   <li>Any other answer has to be what the call comes to in the state of its revision, without
 *       changing it.
 *   <li>A refusal names no revision. It is put at the earliest revision at which it is what the
 *       rules say, and which no call that had ended before has passed.
 *   <li>So every call has its place. The places have to agree with time: what ended before another
 *       began comes before it. A call that was never answered and has an effect counts as ended
 *       when its daemon was dead.
 * </ol>
 *
 * <p>If all of that holds, there is such an order: by revision, first the call that led to it, then
 * the others by time. If there is one, all of it holds, since revisions count the commits.
 */
final class Linearization {
  private static final Now NOW = new Now(0, 1);

  private final Rules rules;
  private final List<RegistryState> states = new ArrayList<>();

  /** By revision: the state is that of this revision; null within a commit of several changes. */
  private final Map<Long, Integer> stateOf = new HashMap<>();

  private final Map<Call, Place> places = new HashMap<>();

  /**
   * Where a call is put.
   *
   * @param before the revision of the state that it found
   * @param after the revision of the state that it left
   */
  private record Place(long before, long after) {}

  private Linearization(RegistryState first, Rules rules) {
    this.rules = rules;
    states.add(first);
    stateOf.put(first.revision(), 0);
  }

  /**
   * @param first the state before all calls
   * @param calls in any order; of those that were never answered, the end is that of the daemon
   * @param history every change
   * @return how many calls have a place
   */
  static int check(RegistryState first, Rules rules, List<Call> calls, List<Change> history) {
    Linearization order = new Linearization(first, rules);
    order.placeChanges(calls, history);
    order.placeOthers(calls);
    return order.places.size();
  }

  private void placeChanges(List<Call> calls, List<Change> history) {
    Map<Long, List<Call>> answered = new HashMap<>();
    Set<Call> unanswered = new HashSet<>();
    for (Call call : calls) {
      if (call.outcome() instanceof Outcome.Answered answer) {
        answered.computeIfAbsent(answer.revision(), revision -> new ArrayList<>()).add(call);
      } else if (call.outcome() instanceof Outcome.Unknown) {
        unanswered.add(call);
      }
    }
    for (int at = 0; at < history.size(); ) {
      long revision = history.get(at).commitRevision();
      RegistryState before = states.get(states.size() - 1);
      int end = at + (int) (revision - before.revision());
      List<Change> commit = history.subList(at, end);
      List<Call> candidates = new ArrayList<>(answered.getOrDefault(revision, List.of()));
      unanswered.stream()
          .filter(call -> couldBe(call, revision, calls))
          .sorted(Comparator.comparingLong(Call::beganNs))
          .forEach(candidates::add);
      Call found =
          candidates.stream()
              .filter(call -> leadsTo(call, before, commit))
              .findFirst()
              .orElse(null);
      assertThat(found)
          .as("the call that changed %s, of %s", plain(commit), comeTo(candidates, before))
          .isNotNull();
      unanswered.remove(found);
      places.put(found, new Place(before.revision(), revision));
      at = end;
    }
  }

  /**
   * Whether a call without an answer could have made a revision, as far as the others tell: not
   * before those that had ended when it began, nor after those that began when its daemon was dead.
   */
  private static boolean couldBe(Call unanswered, long revision, List<Call> calls) {
    return calls.stream()
        .allMatch(
            call ->
                !(call.outcome() instanceof Outcome.Answered answer)
                    || (call.endNs() < unanswered.beganNs()
                        ? answer.revision() < revision
                        : call.beganNs() <= unanswered.endNs() || answer.revision() >= revision));
  }

  /** For messages: what else the calls come to. */
  private List<String> comeTo(List<Call> calls, RegistryState before) {
    return calls.stream()
        .filter(call -> call.asked() instanceof Asked.Change)
        .map(call -> call + ": " + decide(before, ((Asked.Change) call.asked()).command(), call))
        .toList();
  }

  /** Whether a call comes to a commit, and to its answer; if so, goes on from there. */
  private boolean leadsTo(Call call, RegistryState before, List<Change> commit) {
    if (!(call.asked() instanceof Asked.Change change)
        || !(decide(before, change.command(), call) instanceof Decision.Accepted<?> accepted)
        || !plain(accepted.changes()).equals(plain(commit))
        || (call.outcome() instanceof Outcome.Answered answer
            && !answer.result().equals(result(accepted.result())))) {
      return false;
    }
    stateOf.put(accepted.state().revision(), states.size());
    states.add(accepted.state());
    return true;
  }

  /** Places what changed nothing, in the order in which it began, and checks the times. */
  private void placeOthers(List<Call> calls) {
    PriorityQueue<Call> running = new PriorityQueue<>(Comparator.comparingLong(Call::endNs));
    long passed = states.get(0).revision();
    for (Call call : calls.stream().sorted(Comparator.comparingLong(Call::beganNs)).toList()) {
      while (!running.isEmpty() && running.peek().endNs() < call.beganNs()) {
        passed = Math.max(passed, Objects.requireNonNull(places.get(running.remove())).after());
      }
      if (!places.containsKey(call) && !(call.outcome() instanceof Outcome.Unknown)) {
        long place = placeOf(call, passed);
        places.put(call, new Place(place, place));
      }
      Place place = places.get(call);
      if (place != null) {
        assertThat(place.before())
            .as("the revision that %s found, after revision %d had been answered", call, passed)
            .isGreaterThanOrEqualTo(passed);
        running.add(call);
      }
    }
  }

  private long placeOf(Call call, long passed) {
    if (call.outcome() instanceof Outcome.Answered answer) {
      assertThat(stateOf)
          .as("the revisions that were ever shown, of %s", call)
          .containsKey(answer.revision());
      RegistryState state = states.get(stateOf.get(answer.revision()));
      assertThat(outcome(call, state)).as("what %s comes to", call).isEqualTo(answer);
      return answer.revision();
    }
    for (int i = Objects.requireNonNull(stateOf.get(passed)); i < states.size(); i++) {
      if (outcome(call, states.get(i)).equals(call.outcome())) {
        return states.get(i).revision();
      }
    }
    throw new AssertionError("%s is refused at no revision from %d on".formatted(call, passed));
  }

  /** What a call comes to that changes nothing. */
  private Outcome outcome(Call call, RegistryState state) {
    long revision = state.revision();
    if (call.asked() instanceof Asked.Resolve resolve) {
      List<Field> fields =
          resolve.names().stream().map(state.snapshot()::resolve).filter(Objects::nonNull).toList();
      return fields.size() == resolve.names().size()
          ? new Outcome.Answered(revision, timeless(fields))
          : new Outcome.Refused(Reason.NOT_FOUND);
    }
    if (call.asked() instanceof Asked.Everything) {
      List<Field> fields =
          state.snapshot().records().stream()
              .filter(field -> field.is(FieldState.ACTIVE) || field.is(FieldState.RETIRED))
              .toList();
      return new Outcome.Answered(revision, timeless(fields));
    }
    Decision<?> decision = decide(state, ((Asked.Change) call.asked()).command(), call);
    if (decision instanceof Decision.Accepted<?> accepted) {
      return accepted.changes().isEmpty()
          ? new Outcome.Answered(revision, result(accepted.result()))
          : new Outcome.Unknown(); // which no client is told
    }
    return new Outcome.Refused(((Decision.Rejected<?>) decision).refusal().reason());
  }

  private Decision<?> decide(RegistryState state, Command<?> command, Call call) {
    int uid = rules.daemonUid();
    Peer peer = new Peer(call.by(), uid, uid, 1, "", "", true);
    return Registry.decide(state, rules, command, peer, NOW);
  }

  private static List<?> result(Object result) {
    return timeless(result instanceof List<?> all ? all : List.of(result));
  }

  /** Fields without the times in them, which the rules are given and do not decide. */
  static List<?> timeless(List<?> results) {
    return results.stream()
        .map(
            result ->
                result instanceof Registered registered
                    ? List.of(registered.outcome(), timeless(registered.field()))
                    : timeless((Field) result))
        .toList();
  }

  private static Field timeless(Field field) {
    return field.toBuilder()
        .created(new Stamp(field.created().revision(), 0))
        .retired(new Stamp(field.retired().revision(), 0))
        .build();
  }

  private static List<?> plain(List<Change> changes) {
    return changes.stream()
        .map(
            change ->
                List.of(
                    change.revision(),
                    change.commitRevision(),
                    change.kind(),
                    change.peer().owner(),
                    change.before() == null ? "nothing" : timeless(change.before()),
                    change.after() == null ? "nothing" : timeless(change.after())))
        .toList();
  }
}
