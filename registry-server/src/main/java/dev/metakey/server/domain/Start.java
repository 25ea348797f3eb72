package dev.metakey.server.domain;

import dev.metakey.model.ChangeKind;
import dev.metakey.model.Field;
import dev.metakey.model.FieldState;
import dev.metakey.model.Layout;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Peer;
import dev.metakey.model.Reason;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Snapshot;
import dev.metakey.model.Tag;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A daemon starts, and has looked at what the kernel has loaded ({@link Observe}). After a reboot
 * no packet and no program is left: retired ids are free, and the configured layout is taken on,
 * unless programs that were loaded since are linked to them. A registry in which nothing was ever
 * registered adopts what loaded programs say. Every ttl begins anew, as nobody could renew it while
 * the daemon was down.
 *
 * @param bootId identifies this boot of the host
 * @param layout what the config asks for
 * @param areaBytes likewise
 * @param nothingLoaded an admin's word that no program is loaded: takes the layout on at once, and
 *     frees retired ids
 * @param fresh a new tag: taken on with another layout or area, or if there is no tag yet
 */
public record Start(String bootId, Layout layout, int areaBytes, boolean nothingLoaded, Tag fresh)
    implements Command<Start.Result> {

  /** Whether the registry has the layout and area that the config asks for. */
  public enum Result {
    AS_CONFIGURED,
    /**
     * The old layout stays until the host has rebooted and no program loaded since then uses it.
     */
    LAYOUT_WAITS_FOR_REBOOT
  }

  /**
   * @throws MetakeyException INVALID_REQUEST for an area size that is not allowed
   */
  public Start {
    if (areaBytes % 8 != 0
        || areaBytes < RegistryInfo.MIN_AREA_BYTES
        || areaBytes > RegistryInfo.MAX_AREA_BYTES) {
      throw new MetakeyException(
          Reason.INVALID_REQUEST,
          "area %d: the metadata area has %d to %d bytes, a multiple of 8"
              .formatted(areaBytes, RegistryInfo.MIN_AREA_BYTES, RegistryInfo.MAX_AREA_BYTES));
    }
  }

  /** Why a layout could not be taken on after a reboot; null if it could. */
  public static @Nullable MetakeyException obstacle(
      Snapshot snapshot, Rules rules, Layout layout, int areaBytes) {
    RegistryState before = new RegistryState(snapshot, "the boot before");
    Start start = new Start("the next boot", layout, areaBytes, true, Tag.NONE);
    Peer nobody = new Peer(0, 0, 0, "");
    return Registry.decide(before, rules, start, nobody, new Now(0, 1))
            instanceof Decision.Rejected<?> rejected
        ? rejected.refusal()
        : null;
  }

  @Override
  public Result decide(Draft draft) {
    boolean rebooted = !draft.bootId().equals(bootId);
    if (rebooted) {
      draft.rebooted(bootId);
    }
    if (rebooted || nothingLoaded) {
      for (Field field : draft.snapshot().records()) {
        if (field.is(FieldState.RETIRED) && draft.programs().linkedTo(field.id()).isEmpty()) {
          var unused = Tick.free(draft, field);
        }
      }
    }
    if (draft.snapshot().info().revision() == 0) {
      Adoption.run(draft, List.of());
    }
    if (draft.tag().isNone()) {
      draft.tag(fresh);
    }
    for (Field field : draft.snapshot().records()) {
      if (field.is(FieldState.ACTIVE)) {
        draft.renew(field);
      }
    }
    RegistryInfo info = draft.snapshot().info();
    if (info.layout() == layout && info.areaBytes() == areaBytes) {
      return Result.AS_CONFIGURED;
    }
    boolean inUse = draft.programs().links().anyMatch(link -> !link.isIn(layout, areaBytes));
    if (inUse || (!rebooted && !nothingLoaded)) {
      return Result.LAYOUT_WAITS_FOR_REBOOT;
    }
    move(draft);
    return Result.AS_CONFIGURED;
  }

  /** Takes the layout on, and gives every field its place in it, by ascending id. */
  private void move(Draft draft) {
    List<Field> placed = draft.snapshot().records();
    draft.layout(layout, areaBytes, fresh);
    for (Field field : placed) {
      int slot = field.is(FieldState.FREE) ? 0 : Slots.allocate(draft, field.name(), field.size());
      if (slot == field.slot()) {
        draft.unchanged(field);
      } else {
        draft.change(ChangeKind.MOVED, field, field.toBuilder().slot(slot).build());
      }
    }
  }
}
