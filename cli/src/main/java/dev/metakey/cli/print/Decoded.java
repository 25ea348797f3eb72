package dev.metakey.cli.print;

import dev.metakey.model.Layout;
import dev.metakey.packet.FieldValue;
import java.util.List;

/**
 * What a packet carries.
 *
 * @param layout as the packet's mark says
 * @param areaBytes likewise
 */
public record Decoded(Layout layout, int areaBytes, List<FieldValue> values) {}
