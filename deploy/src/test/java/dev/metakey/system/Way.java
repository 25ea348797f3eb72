package dev.metakey.system;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** A way that packets with a value go, and where the value is looked for. */
final class Way {
  /** In the order of ways.h. */
  enum Place {
    SET("where it is set"),
    XDP("XDP there"),
    INGRESS("tc ingress"),
    EGRESS("tc egress"),
    NEXT("tc ingress of the next device"),
    TRACER("tracer"),
    SOCKET("socket filter"),
    USER("user space");

    private final String says;

    Place(String says) {
      this.says = says;
    }
  }

  /** How many packets had the value, or none, or another. */
  record Count(long right, long absent, long wrong) {
    long packets() {
      return right + absent + wrong;
    }

    Count since(Count before) {
      return new Count(right - before.right, absent - before.absent, wrong - before.wrong);
    }

    private String says() {
      return absent == 0 ? "stays" : right == 0 ? "is lost" : "stays in some packets";
    }
  }

  private final String name;
  private final List<Place> places;
  private final List<String> commands = new ArrayList<>();
  private boolean merging;
  private @Nullable Place varying;

  Way(String name, Place... places) {
    this.name = name;
    this.places = List.of(places);
  }

  /** How it is made. */
  Way run(String... lines) {
    commands.addAll(List.of(lines));
    return this;
  }

  /** Whether packets are merged is told too; it is a stream. */
  Way merging() {
    merging = true;
    return this;
  }

  /** Which packets keep the value there is the kernel's memory's doing: not the same each time. */
  Way varyingAt(Place place) {
    varying = place;
    return this;
  }

  String name() {
    return name;
  }

  List<Place> places() {
    return places;
  }

  String script() {
    return String.join("\n", commands);
  }

  /** Whether as many packets as were sent have been seen at each place, or the stream is over. */
  boolean arrived(Map<Place, Count> counts, int sent) {
    boolean streamed = script().contains("stream ");
    return streamed || places.stream().allMatch(place -> counts.get(place).packets() >= sent);
  }

  /** Its line in the table; one more where places differ. */
  String rows(Map<Place, Count> counts) {
    Map<String, String> placesByOutcome =
        places.stream()
            .collect(
                Collectors.groupingBy(
                    place -> says(place, counts),
                    LinkedHashMap::new,
                    Collectors.mapping(place -> place.says, Collectors.joining(", "))));
    StringBuilder rows = new StringBuilder();
    placesByOutcome.forEach((outcome, where) -> rows.append(row(where, outcome)));
    return rows.toString();
  }

  private String says(Place place, Map<Place, Count> counts) {
    Count count = counts.get(place);
    if (place == varying && count.absent() > 0) {
      return "is lost; some packets may keep it";
    }
    if (!merging) {
      return count.says();
    }
    // One that TCP sent again may still be under way.
    boolean merged = 10 * count.packets() < 9 * counts.get(Place.SET).packets();
    return count.says() + (merged ? "; packets are merged" : "; no packets are merged");
  }

  String rowNotTried() {
    return row("", "not tried: the kernel has no such device");
  }

  private String row(String where, String says) {
    return String.format(Locale.ROOT, "| %s | %s | %s |%n", name, where, says);
  }
}
