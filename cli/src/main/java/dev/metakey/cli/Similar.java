package dev.metakey.cli;

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
        .map(candidate -> new Candidate(candidate, distance(word, candidate)))
        .filter(candidate -> candidate.distance <= Math.min(MISTAKES, word.length() / 2))
        .sorted(Comparator.comparingInt(Candidate::distance).thenComparing(Candidate::word))
        .limit(3)
        .map(Candidate::word)
        .toList();
  }

  /** Levenshtein's: letters to insert, drop or replace. */
  private static int distance(String a, String b) {
    int[] row = new int[b.length() + 1];
    for (int j = 0; j <= b.length(); j++) {
      row[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int replaced = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(replaced, Math.min(row[j], row[j - 1]) + 1);
      }
    }
    return row[b.length()];
  }
}
