package dev.metakey.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.model.Reason;
import dev.metakey.v1.Field;
import dev.metakey.v1.FieldState;
import dev.metakey.v1.ListRequest;
import dev.metakey.v1.ListResponse;
import dev.metakey.v1.RegistryInfo;
import dev.metakey.wire.WireErrors;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;

/**
 * What clients were told, to compare with the registry after each crash. Every client has names of
 * its own and makes one call at a time, so the state of each name is known, except after a call
 * that the crash left unanswered.
 */
final class Ledger {
  private static final Map<Integer, Integer> NO_GENERATIONS = Map.of();

  private final List<Client> clients = new ArrayList<>();
  private final AtomicLong revision = new AtomicLong();
  private final AtomicLong answers = new AtomicLong();
  private volatile boolean listening = true;
  private Map<Integer, Integer> generations = NO_GENERATIONS;
  private String registryId = "";

  /**
   * @param namesEach together more than there are ids, so that ids change hands
   */
  Ledger(int clients, int namesEach, Random random) {
    for (int c = 0; c < clients; c++) {
      List<Name> names = new ArrayList<>();
      for (int n = 0; n < namesEach; n++) {
        names.add(new Name("client%d.n%d".formatted(c, n)));
      }
      this.clients.add(new Client(names, new Random(random.nextLong())));
    }
  }

  List<Client> clients() {
    return clients;
  }

  /** Changes that were answered. */
  long answers() {
    return answers.get();
  }

  /** Says whether answers count from now on. If not, they are taken as not given. */
  void listen(boolean counts) {
    listening = counts;
  }

  /** Something durable was told at this revision. */
  void told(long reached) {
    revision.accumulateAndGet(reached, Math::max);
  }

  String registryId() {
    return registryId;
  }

  /**
   * Compares the registry with what was told, and takes over what was not known. No client may be
   * at work.
   */
  RegistryInfo check(Wiretap connection) {
    ListRequest everything =
        ListRequest.newBuilder()
            .addStates(FieldState.FIELD_STATE_ACTIVE)
            .addStates(FieldState.FIELD_STATE_RETIRED)
            .addStates(FieldState.FIELD_STATE_FREE)
            .build();
    ListResponse now = connection.registry().list(everything);
    assertThat(now.getRegistry().getRevision())
        .as("revision")
        .isGreaterThanOrEqualTo(revision.get());
    if (!registryId.isEmpty()) {
      assertThat(now.getRegistry().getRegistryId()).isEqualTo(registryId);
    }
    registryId = now.getRegistry().getRegistryId();
    Map<String, Field> byName = new HashMap<>();
    Map<Integer, Integer> newGenerations = new HashMap<>();
    for (Field field : now.getFieldsList()) {
      assertThat(newGenerations.put(field.getId(), field.getGeneration()))
          .as("id %d has two fields", field.getId())
          .isNull();
      if (field.getState() != FieldState.FIELD_STATE_FREE) {
        Field twin = byName.put(field.getSpec().getName(), field);
        assertThat(twin).as("%s has two ids", field.getSpec().getName()).isNull();
      }
    }
    generations.forEach(
        (id, generation) ->
            assertThat(newGenerations.getOrDefault(id, 0))
                .as("generation of id %d", id)
                .isGreaterThanOrEqualTo(generation));
    generations = newGenerations;
    for (Client client : clients) {
      client.names.forEach(name -> name.check(byName.get(name.text)));
    }
    return now.getRegistry();
  }

  /** Registers and releases names of its own, at random. */
  final class Client {
    private final List<Name> names;
    private final Random random;

    private Client(List<Name> names, Random random) {
      this.names = names;
      this.random = random;
    }

    /** Goes on until the daemon cannot be reached, or its store fails. */
    void run(Wiretap connection) {
      boolean works = true;
      while (works) {
        Name name = names.get(random.nextInt(names.size()));
        works = name.active ? release(connection, name) : register(connection, name);
      }
    }

    private boolean register(Wiretap connection, Name name) {
      return call(
          name,
          () -> {
            var answer = connection.register(Wiretap.field(name.text, 2));
            return new Told(answer.getResults(0).getField(), answer.getRegistry());
          });
    }

    private boolean release(Wiretap connection, Name name) {
      return call(
          name,
          () -> {
            var answer = connection.release(name.text);
            return new Told(answer.getField(), answer.getRegistry());
          });
    }

    /** Whether there was an answer that counts. */
    private boolean call(Name name, Supplier<Told> change) {
      name.unanswered = true;
      try {
        Told told = change.get();
        if (!listening) {
          return false;
        }
        name.set(told.field());
        told(told.registry().getRevision());
        answers.incrementAndGet();
      } catch (StatusRuntimeException e) {
        if (!WireErrors.isRefusal(e)) {
          assertThat(e.getStatus().getCode())
              .as("%s", e)
              .isIn(Status.Code.UNAVAILABLE, Status.Code.CANCELLED);
          return false;
        }
        Reason reason = WireErrors.fromStatus(e).reason();
        assertThat(reason).as("%s", e).isIn(Reason.NO_FREE_ID, Reason.STORE_FAILED);
        if (reason == Reason.STORE_FAILED) {
          return false;
        }
      }
      name.unanswered = false;
      return true;
    }
  }

  private record Told(Field field, RegistryInfo registry) {}

  /** The state of a name, as far as its client knows. */
  private static final class Name {
    final String text;
    boolean active;
    boolean unanswered;
    int id = -1;
    int generation;

    Name(String text) {
      this.text = text;
    }

    void set(Field field) {
      active = field.getState() == FieldState.FIELD_STATE_ACTIVE;
      id = field.getId();
      generation = field.getGeneration();
    }

    /**
     * @param now null: the name is not known, or its id is free again
     */
    void check(Field now) {
      boolean isActive = now != null && now.getState() == FieldState.FIELD_STATE_ACTIVE;
      if (!unanswered) {
        assertThat(isActive)
            .as("%s is active, after what was answered; now %s", this, now)
            .isEqualTo(active);
      }
      boolean mayBeAnother = !active && unanswered && isActive;
      if (now != null && id >= 0 && !mayBeAnother) {
        assertThat(List.of(now.getId(), now.getGeneration()))
            .as("id and generation of %s", this)
            .isEqualTo(List.of(id, generation));
      }
      unanswered = false;
      if (now == null) {
        active = false;
        id = -1;
      } else {
        set(now);
      }
    }

    @Override
    public String toString() {
      return "%s (told: active %s, id %d, generation %d, unanswered %s)"
          .formatted(text, active, id, generation, unanswered);
    }
  }
}
