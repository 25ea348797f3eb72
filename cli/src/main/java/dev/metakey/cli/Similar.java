package dev.metakey.cli;

import dev.metakey.model.EditDistance;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;

/** Suggestions for a misspelt word. */
final class Similar {
  private static final int MISTAKES = 2;

  private Similar() {}

  /** At most three words that are at most two letters away, the nearest first. */
  static List<String> to(String word, Collection<String> known) {
    record Candidate(String word, int distance) {}
    return known.stream()
        .map(candidate -> new Candidate(candidate, EditDistance.between(word, candidate)))
        .filter(candidate -> candidate.distance <= Math.min(MISTAKES, word.length() / 2))
        .sorted(Comparator.comparingInt(Candidate::distance).thenComparing(Candidate::word))
        .limit(3)
        .map(Candidate::word)
        .toList();
  }
}
