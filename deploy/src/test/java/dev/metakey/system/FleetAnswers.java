package dev.metakey.system;

import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What all hosts of a fleet have answered, and what is wrong with that. Nothing of it is ever
 * released, so a name has its place for good from the first answer on, and nobody else has it.
 */
final class FleetAnswers {
  /** Where a name is. */
  record Place(int id, int slot) {}

  private final Map<String, Place> places = new ConcurrentHashMap<>();
  private final Map<Integer, String> ids = new ConcurrentHashMap<>();
  private final Map<Integer, String> bytes = new ConcurrentHashMap<>();
  private final Map<String, Set<String>> hosts = new ConcurrentHashMap<>();
  private final Queue<String> wrongs = new ConcurrentLinkedQueue<>();
  private final AtomicLong answered = new AtomicLong();
  private final AtomicLong refused = new AtomicLong();

  /** A host has answered this. */
  void add(String host, String name, int id, int slot, int size) {
    answered.incrementAndGet();
    hosts.computeIfAbsent(name, any -> ConcurrentHashMap.newKeySet()).add(host);
    Place place = new Place(id, slot);
    Place first = places.putIfAbsent(name, place);
    if (first != null && !first.equals(place)) {
      wrongs.add("%s is at %s, and at %s on %s".formatted(name, first, place, host));
      return;
    }
    requireOwn(ids, id, "id", name, host);
    for (int at = slot - size + 1; at <= slot; at++) {
      requireOwn(bytes, at, "byte", name, host);
    }
  }

  private void requireOwn(
      Map<Integer, String> owners, int number, String what, String name, String host) {
    String other = owners.putIfAbsent(number, name);
    if (other != null && !other.equals(name)) {
      wrongs.add("%s %d is that of %s, and on %s of %s".formatted(what, number, other, host, name));
    }
  }

  /** A host has refused it, or not answered. */
  void refused(String host, String name, String why) {
    refused.incrementAndGet();
    if (isKnown(host, name)) {
      wrongs.add("%s was answered on %s, and then refused: %s".formatted(name, host, why));
    }
  }

  /** Whether this host has answered it before. */
  boolean isKnown(String host, String name) {
    return hosts.getOrDefault(name, Set.of()).contains(host);
  }

  /** How often a host has refused, or not answered. */
  long refusals() {
    return refused.get();
  }

  Map<String, Place> places() {
    return Map.copyOf(places);
  }

  /** What must not be; empty if all is well. */
  Queue<String> wrongs() {
    return wrongs;
  }

  @Override
  public String toString() {
    return "%d names, %d answers, %d refusals"
        .formatted(places.size(), answered.get(), refused.get());
  }
}
