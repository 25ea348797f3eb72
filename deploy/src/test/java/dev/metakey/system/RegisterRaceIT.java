package dev.metakey.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.model.Field;
import dev.metakey.v1.ListRequest;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Many clients register the same names at once: each name gets one id, which all are told. */
class RegisterRaceIT {
  private static final int CLIENTS = 64;

  /** A uid that is not an admin may have 256 connections open. */
  private static final int CONNECTIONS_EACH = 3;

  private static final int PROCESSES = 8;
  private static final List<String> NAMES =
      IntStream.range(0, Field.IDS).mapToObj(i -> "race.n" + i).toList();

  @RegisterExtension final Host host = new Host();

  @Test
  void names_when64ClientsRegisterThemOverManyConnections_haveOneIdEach() throws Exception {
    Random random = Seed.random("register race");
    host.configure("area: 216");
    host.start();
    long startNs = System.nanoTime();
    ExecutorService threads = Executors.newFixedThreadPool(CLIENTS);
    CyclicBarrier atOnce = new CyclicBarrier(CLIENTS);
    List<Future<Map<String, Integer>>> clients = new ArrayList<>();
    try {
      for (int i = 0; i < CLIENTS; i++) {
        List<String> names = new ArrayList<>(NAMES);
        Collections.shuffle(names, random);
        String service = i % 2 == 0 ? "even" : "odd"; // same and other owners
        clients.add(threads.submit(() -> registerOneByOne(names, service, atOnce)));
      }
      Map<String, Integer> first = clients.get(0).get();
      assertThat(first.values()).containsExactlyInAnyOrderElementsOf(allIds());
      for (Future<Map<String, Integer>> client : clients) {
        assertThat(client.get()).isEqualTo(first);
      }
      assertThat(idsNow()).isEqualTo(first);
    } finally {
      threads.shutdownNow();
    }
    System.out.printf(
        "register race: %d calls on %d connections in %d ms%n",
        CLIENTS * NAMES.size(),
        CLIENTS * CONNECTIONS_EACH,
        (System.nanoTime() - startNs) / 1_000_000);
  }

  /** Over several connections in turn, all of them open before the first call. */
  private Map<String, Integer> registerOneByOne(
      List<String> names, String service, CyclicBarrier atOnce) throws Exception {
    List<Wiretap> connections = new ArrayList<>();
    for (int i = 0; i < CONNECTIONS_EACH; i++) {
      Wiretap connection = host.connect(service);
      connections.add(connection);
      assertThat(connection.registry().list(ListRequest.getDefaultInstance()).getFieldsList())
          .isNotEmpty();
    }
    atOnce.await();
    Map<String, Integer> ids = new HashMap<>();
    for (int i = 0; i < names.size(); i++) {
      var connection = connections.get(i % CONNECTIONS_EACH);
      var answer = connection.register(Wiretap.shared(names.get(i), 2));
      ids.put(names.get(i), answer.getResults(0).getField().getId());
    }
    connections.forEach(Wiretap::close);
    return ids;
  }

  @Test
  void names_whenProcessesRegisterAllOfThemInOneCall_haveOneIdEach() throws Exception {
    host.configure("area: 216");
    host.start();
    List<String> words =
        new ArrayList<>(List.of("register", "--shared", "-o", "name", "--timeout", "60s"));
    NAMES.forEach(name -> words.add(name + ":2"));
    ExecutorService threads = Executors.newFixedThreadPool(PROCESSES);
    try {
      List<Future<Ran>> processes = new ArrayList<>();
      for (int i = 0; i < PROCESSES; i++) {
        processes.add(threads.submit(() -> host.program(words.toArray(String[]::new))));
      }
      for (Future<Ran> process : processes) {
        assertThat(process.get().ok().out().lines()).containsExactlyElementsOf(NAMES);
      }
    } finally {
      threads.shutdownNow();
    }
    assertThat(idsNow().values()).containsExactlyInAnyOrderElementsOf(allIds());
  }

  private Map<String, Integer> idsNow() {
    Map<String, Integer> ids = new HashMap<>();
    host.connect()
        .registry()
        .list(ListRequest.newBuilder().setPrefix("race.").build())
        .getFieldsList()
        .forEach(field -> ids.put(field.getSpec().getName(), field.getId()));
    return ids;
  }

  private static List<Integer> allIds() {
    return IntStream.range(0, Field.IDS).boxed().toList();
  }
}
