package dev.metakey.cli.print;

import dev.metakey.model.Layout;
import dev.metakey.packet.FieldValue;
import java.util.List;

/**
 * What a packet carries.
 *
 * @param layout that it was read as
 * @param areaBytes likewise
 * @param tagChecked whether its tag is this host's; else nobody looked at that
 */
public record Decoded(Layout layout, int areaBytes, boolean tagChecked, List<FieldValue> values) {}
