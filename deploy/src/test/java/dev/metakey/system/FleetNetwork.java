package dev.metakey.system;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * A bridge in a network namespace of its own, and a namespace for each machine at it. What runs in
 * them has to end before this is closed.
 */
final class FleetNetwork implements AutoCloseable {
  private static final String HUB = "hub";

  private final String prefix = "metakey-fleet-it-%d-".formatted(ProcessHandle.current().pid());
  private final Deque<String> names = new ArrayDeque<>();

  FleetNetwork() throws Exception {
    Requires.root();
    assumeTrue(Requires.isInstalled("ip"), "missing: ip (iproute2)");
    addNamespace(HUB);
    at(HUB, "ip", "link", "add", "br0", "type", "bridge");
    at(HUB, "ip", "link", "set", "br0", "up");
  }

  private void addNamespace(String name) throws Exception {
    run(List.of("ip", "netns", "add", prefix + name));
    names.push(name);
    at(name, "ip", "link", "set", "lo", "up");
  }

  /** Its address. */
  static String address(int number) {
    return "10.78.%d.%d".formatted(number / 200, 1 + number % 200);
  }

  void add(String name, int number) throws Exception {
    addNamespace(name);
    String peer = prefix + name;
    at(HUB, "ip", "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", peer);
    at(HUB, "ip", "link", "set", name, "master", "br0", "up");
    at(name, "ip", "address", "add", address(number) + "/16", "dev", "eth0");
    at(name, "ip", "link", "set", "eth0", "up");
  }

  /** From now on nothing comes to this machine, or from it, and nobody is told so. */
  void cut(String name) throws Exception {
    at(HUB, "ip", "link", "set", name, "nomaster");
  }

  void mend(String name) throws Exception {
    at(HUB, "ip", "link", "set", name, "master", "br0");
  }

  /** The words before a command that is to run there. */
  List<String> in(String name) {
    return new ArrayList<>(List.of("ip", "netns", "exec", prefix + name));
  }

  /** Runs a command there; returns whether it went well. */
  boolean succeeds(String name, String... command) throws Exception {
    List<String> words = in(name);
    words.addAll(List.of(command));
    return Ran.of(new ProcessBuilder(words), Host.PATIENCE).exit() == 0;
  }

  private void at(String name, String... command) throws Exception {
    List<String> words = in(name);
    words.addAll(List.of(command));
    run(words);
  }

  private static void run(List<String> words) throws Exception {
    Ran.of(new ProcessBuilder(words), Host.PATIENCE).ok();
  }

  @Override
  public void close() throws Exception {
    while (!names.isEmpty()) {
      run(List.of("ip", "netns", "delete", prefix + names.pop()));
    }
  }
}
