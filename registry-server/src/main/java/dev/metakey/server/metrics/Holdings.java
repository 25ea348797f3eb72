package dev.metakey.server.metrics;

import static java.util.stream.Collectors.toMap;

import dev.metakey.model.Field;
import dev.metakey.model.FieldState;
import dev.metakey.model.Snapshot;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.ToIntFunction;

/**
 * How much each owner holds: ids and bytes of slots, by the owner's word. A field counts for its
 * first owner, as it does for quotas. Only the biggest {@value #NAMED} owners are named, so that
 * nobody makes series without end; the others are one.
 */
record Holdings(Map<String, Integer> ids, Map<String, Integer> slotBytes) {
  static final int NAMED = 16;
  static final String OTHERS = "others";

  static Holdings of(Snapshot snapshot) {
    List<Field> held =
        snapshot.records().stream()
            .filter(field -> !field.is(FieldState.FREE) && !field.owners().isEmpty())
            .toList();
    Map<String, Integer> ids = sum(held, field -> 1);
    Set<String> named =
        ids.entrySet().stream()
            .sorted(
                Map.Entry.<String, Integer>comparingByValue(Comparator.reverseOrder())
                    .thenComparing(Map.Entry.comparingByKey()))
            .limit(NAMED)
            .collect(toMap(Map.Entry::getKey, Map.Entry::getValue, (a, b) -> a, LinkedHashMap::new))
            .keySet();
    return new Holdings(
        restIn(ids, named),
        restIn(sum(held, field -> field.slot() == 0 ? 0 : field.size()), named));
  }

  private static Map<String, Integer> sum(List<Field> fields, ToIntFunction<Field> amount) {
    Map<String, Integer> sums = new HashMap<>();
    for (Field field : fields) {
      sums.merge(field.owners().get(0).word(), amount.applyAsInt(field), Integer::sum);
    }
    return sums;
  }

  private static Map<String, Integer> restIn(Map<String, Integer> all, Set<String> named) {
    Map<String, Integer> shown = new LinkedHashMap<>();
    all.forEach(
        (owner, sum) -> shown.merge(named.contains(owner) ? owner : OTHERS, sum, Integer::sum));
    return shown;
  }
}
