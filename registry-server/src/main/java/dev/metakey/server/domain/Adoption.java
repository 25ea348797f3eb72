package dev.metakey.server.domain;

import static java.util.stream.Collectors.counting;
import static java.util.stream.Collectors.groupingBy;

import dev.metakey.model.ChangeKind;
import dev.metakey.model.Field;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.FieldState;
import dev.metakey.model.FieldUse;
import dev.metakey.model.Layout;
import dev.metakey.model.Names;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Snapshot;
import dev.metakey.model.Tag;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A registry that has lost its data, or never had any, learns from the programs that are loaded: it
 * makes what their records say true again, instead of giving their ids away. Where records
 * contradict each other, the one of the program with the lowest id counts, and the others are stale
 * ({@link Drift}). A tag that is not known is taken from them too.
 */
final class Adoption {
  private Adoption() {}

  /** A metadata area's layout, size and tag. */
  private record Area(Layout layout, int bytes, Tag tag) {
    static Area of(Programs.Link link) {
      FieldUse.Place place = link.place();
      return new Area(place.layout(), place.areaBytes(), place.tag());
    }
  }

  /**
   * Makes fields without an owner of what the loaded programs are linked to.
   *
   * @param registryIds the registries whose links replace fields of an earlier generation
   */
  static void run(Draft draft, List<UUID> registryIds) {
    List<Programs.Link> links =
        draft
            .programs()
            .evidence()
            .filter(link -> !link.use().name().startsWith(Names.KERNEL_PREFIX))
            .sorted(Comparator.comparingInt(link -> link.program().id()))
            .toList();
    if (links.isEmpty()) {
      return;
    }
    takeAreaOn(draft, links);
    RegistryInfo info = draft.snapshot().info();
    for (Programs.Link link : links) {
      if (link.isIn(info.layout(), info.areaBytes())) {
        Field earlier = earlier(draft, link, registryIds);
        Snapshot others = draft.snapshot().without(earlier);
        if (isPossible(others, link)) {
          adopt(draft, link, earlier);
          if (earlier != null) {
            draft.tag(link.place().tag()); // the link is newer than anything that is known
          }
        }
      }
    }
  }

  /** A registry without fields takes the programs' area on; one without a tag takes their tag. */
  private static void takeAreaOn(Draft draft, List<Programs.Link> links) {
    RegistryInfo info = draft.snapshot().info();
    boolean isEmpty = draft.snapshot().records().isEmpty();
    List<Programs.Link> fitting =
        links.stream()
            .filter(link -> isEmpty || link.isIn(info.layout(), info.areaBytes()))
            .toList();
    if (!fitting.isEmpty() && (isEmpty || draft.tag().isNone())) {
      Area area = mostCommon(fitting);
      if (isEmpty) {
        draft.layout(area.layout(), area.bytes(), area.tag());
      } else {
        draft.tag(area.tag());
      }
    }
  }

  /**
   * The field that had the id before the link's generation; null if there is none, or if another
   * registry made the link.
   */
  private static @Nullable Field earlier(Draft draft, Programs.Link link, List<UUID> registryIds) {
    Field field = draft.snapshot().byId(link.place().id());
    boolean isOwn = registryIds.contains(link.place().registryId());
    return field != null && isOwn && field.generation() < link.place().generation() ? field : null;
  }

  /**
   * The area that most records name; if several are as common, the one of the lowest program id.
   */
  private static Area mostCommon(List<Programs.Link> links) {
    Map<Area, Long> counts =
        links.stream().collect(groupingBy(Area::of, LinkedHashMap::new, counting()));
    return counts.entrySet().stream()
        .max(Map.Entry.comparingByValue()) // the first of equals
        .orElseThrow()
        .getKey();
  }

  private static boolean isPossible(Snapshot others, Programs.Link link) {
    FieldUse.Place place = link.place();
    return place.generation() > 0
        && others.byId(place.id()) == null
        && others.byName(link.use().name()) == null
        && Slots.isFree(others, place.slot(), link.use().size());
  }

  private static void adopt(Draft draft, Programs.Link link, @Nullable Field earlier) {
    FieldSpec spec = FieldSpec.of(link.use().name(), link.use().size());
    Field adopted =
        new Field.Builder(link.place().id(), spec, FieldState.ACTIVE)
            .generation(link.place().generation())
            .slot(link.place().slot())
            .created(draft.stamp())
            .build();
    draft.change(ChangeKind.ADOPTED, earlier, adopted);
  }
}
