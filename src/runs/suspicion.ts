/** What each end of the service speaks against the runs that it worked on: by an error of its own, or in any other way but in good order. */
export const SUSPICION = { brokenOff: 4, ended: 1 } as const;

/**
 * From here on a run is set aside: after three ends by an error, or twelve of which nobody knows the reason (`kill -9`
 * and a power cut are such). Each step that the run makes begins anew, and so does a service that stops in good order.
 */
export const SET_ASIDE_FROM = 12;

/** From here on a run that is put back waits a while, so that it harms no other if it is the one. */
export const WAITS_FROM = 5;
