package dev.metakey.cli.print;

import dev.metakey.model.Layout;
import dev.metakey.packet.FieldValue;
import java.util.List;

/**
 * What a packet carries.
 *
 * @param layout the layout that it was read as
 * @param areaBytes the size of the area that it was read as
 * @param tagChecked true if its tag is this host's; false if it was not compared
 */
public record Decoded(Layout layout, int areaBytes, boolean tagChecked, List<FieldValue> values) {}
