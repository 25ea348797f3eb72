package dev.metakey.model;

/**
 * A name tied to an id before anybody registers it.
 *
 * @param foreign some program hard-codes the id: the name resolves although nobody registered it
 * @param by who reserved it: {@code FILE:LINE} of a file in keys.d, or an admin
 */
public record Reservation(boolean foreign, String by) {}
