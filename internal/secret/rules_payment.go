package secret

import (
	"bytes"
	"strings"

	"plimsoll/internal/advisory"
)

// paymentRules are the credentials of what moves money and of shops.
func paymentRules() []Rule {
	const stripe = "https://docs.stripe.com/keys"
	const shopify = "https://shopify.dev/changelog/length-of-the-shopify-access-token-is-increasing; for app secrets https://shopify.dev/changelog/app-secret-key-length-has-increased"
	const paddle = "https://developer.paddle.com/api-reference/about/authentication"
	shop := func(id, title, prefix string) Rule {
		return prefixed(id, title, advisory.Critical, []string{prefix}, prefix+`[0-9a-fA-F]{32}`, shopify, prefix+made(lowerHex, 32))
	}
	liveStripe := prefixed("stripe-live-key", "Stripe live key", advisory.Critical, []string{"sk_live_", "rk_live_"}, `[rs]k_live_[0-9A-Za-z]{24,250}`, stripe,
		"sk_live_"+made(base62, 99), "rk_live_"+made(base62, 24))
	// Paystack's keys begin alike and go on in hexadecimal.
	liveStripe.Allowed = func(m *Match) bool { return len(m.Value) == len("sk_live_")+40 && isHex(m.Value[len("sk_live_"):]) }
	paystack := prefixed("paystack-secret-key", "Paystack live secret key", advisory.Critical, []string{"sk_live_"}, `sk_live_[0-9a-f]{40}`,
		practice+"https://paystack.com/docs/api/authentication", "sk_live_"+made(lowerHex, 40))
	stripeHook := prefixed("stripe-webhook-secret", "Signing secret of webhooks (Stripe, Svix)", advisory.Medium, []string{"whsec_"}, `whsec_[0-9A-Za-z+/]{32,64}={0,2}`,
		"https://docs.stripe.com/webhooks#verify-official-libraries; https://docs.svix.com/receiving/verifying-payloads/why", "whsec_"+made(base62, 32))
	flutterwave := prefixed("flutterwave-secret-key", "Flutterwave live secret key", advisory.Critical, []string{"FLWSECK-"}, `FLWSECK-[0-9A-Za-z]{32}(?:-[0-9a-z]{8,20})?-X`,
		practice+"https://developer.flutterwave.com/docs/authentication", "FLWSECK-"+made(lowerHex, 32)+"-X", "FLWSECK-"+made(lowerHex, 32)+"-"+made(base36, 11)+"vt-X")
	braintree := func(id, title, mode string, severity advisory.Severity) Rule {
		return prefixed(id, title, severity, []string{"access_token$" + mode + "$"}, `access_token\$`+mode+`\$[0-9a-z]{16}\$[0-9a-f]{32}`,
			practice+"https://developer.paypal.com/braintree/docs/guides/authorization/access-token", "access_token$"+mode+"$"+made(base36, 16)+"$"+made(lowerHex, 32))
	}
	return []Rule{
		paystack,
		liveStripe,
		prefixed("stripe-test-key", "Stripe test key (moves no money)", advisory.Low, []string{"sk_test_", "rk_test_"}, `[rs]k_test_[0-9A-Za-z]{24,250}`, stripe, "sk_test_"+made(base62, 99)),
		stripeHook,
		shop("shopify-admin-token", "Shopify Admin API access token", "shpat_"),
		shop("shopify-custom-app-token", "Shopify custom app access token", "shpca_"),
		shop("shopify-private-app-token", "Shopify private app password", "shppa_"),
		shop("shopify-app-secret", "Shopify app secret", "shpss_"),
		prefixed("square-access-token", "Square access token (legacy form)", advisory.Critical, []string{"sq0atp-"}, `sq0atp-[0-9A-Za-z_-]{22}`,
			practice+"https://developer.squareup.com/docs/build-basics/access-tokens", "sq0atp-"+made(base64URL, 22)),
		prefixed("square-oauth-secret", "Square OAuth application secret", advisory.High, []string{"sq0csp-"}, `sq0csp-[0-9A-Za-z_-]{43}`,
			practice+"https://developer.squareup.com/docs/oauth-api/overview", "sq0csp-"+made(base64URL, 43)),
		beside([]string{"square"}, prefixed("square-token", "Square access token", advisory.Critical, []string{"EAAA"}, `EAAA[0-9A-Za-z_-]{60}`,
			practice+"https://developer.squareup.com/docs/build-basics/access-tokens", "EAAA"+made(base64URL, 60))),
		braintree("braintree-production-token", "Braintree production access token", "production", advisory.Critical),
		braintree("braintree-sandbox-token", "Braintree sandbox access token", "sandbox", advisory.Low),
		assignedTo("paypal-client-secret", "PayPal client secret", advisory.Critical, []string{"paypal"}, `E[0-9A-Za-z_-]{79}`, practice+"https://developer.paypal.com/api/rest/authentication/", "E"+made(base64URL, 79)),
		beside([]string{"adyen"}, prefixed("adyen-api-key", "Adyen API key", advisory.Critical, []string{"AQE"}, `AQE[0-9A-Za-z+/]{20,200}={0,2}-[0-9A-Za-z+/]{40,64}={0,2}-[!-~]{12,20}`,
			practice+"https://docs.adyen.com/development-resources/api-credentials/", "AQE"+made(base62, 80)+"-"+made(base62, 43)+"=-"+made(base62, 16))),
		{
			ID: "razorpay-key-secret", Title: "Razorpay live key with its secret", Severity: advisory.Critical, Confidence: Likely,
			Keywords: []string{"rzp_live_"}, Bound: true, After: 160, Opaque: true, Entropy: 3, Check: mixed,
			Pattern: `rzp_live_[0-9A-Za-z]{14}["']?[:,\s][^\r\n]{0,8}(?:[\w "']{0,40}[:=]\s*)?["']?(?P<secret>[0-9A-Za-z]{24})` + tokenEnd,
			Source:  "https://razorpay.com/docs/api/authentication/; the lengths are known from practice",
			True: []string{
				"curl -u rzp_live_" + made(base62, 14) + ":" + made(base62, 24) + " https://api.razorpay.com", "key_id: rzp_live_" + made(base62, 14) + "\nkey_secret: " + made(base62, 24) + "\n",
			},
			False: []string{"key: rzp_live_" + made(base62, 14) + "\n", "rzp_test_" + made(base62, 14) + ":" + made(base62, 24)},
		},
		prefixed("plaid-access-token", "Plaid access token of a bank account", advisory.Critical, []string{"access-production-"}, `access-production-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}`,
			"https://plaid.com/docs/api/items/#itempublic_tokenexchange", "access-production-"+madeUUID()),
		namedKey("coinbase-secret", "Coinbase API secret", advisory.Critical, []string{"coinbase"}, base62, 32, 64, practice+"https://docs.cdp.coinbase.com"),
		prefixed("paddle-live-key", "Paddle live API key", advisory.Critical, []string{"pdl_live_apikey_"}, `pdl_live_apikey_[0-9a-z]{26}_[0-9A-Za-z]{22}_[0-9A-Za-z]{3}`, paddle,
			"pdl_live_apikey_"+made(base36, 26)+"_"+made(base62, 22)+"_"+made(base62, 3)),
		prefixed("paddle-sandbox-key", "Paddle sandbox API key", advisory.Low, []string{"pdl_sdbx_apikey_"}, `pdl_sdbx_apikey_[0-9a-z]{26}_[0-9A-Za-z]{22}_[0-9A-Za-z]{3}`, paddle,
			"pdl_sdbx_apikey_"+made(base36, 26)+"_"+made(base62, 22)+"_"+made(base62, 3)),
		beside([]string{"mollie"}, prefixed("mollie-live-key", "Mollie live API key", advisory.Critical, []string{"live_"}, `live_[0-9A-Za-z]{30,36}`, practice+"https://docs.mollie.com/reference/authentication", "live_"+made(base62, 30))),
		beside([]string{"gocardless"}, prefixed("gocardless-live-token", "GoCardless live access token", advisory.Critical, []string{"live_"}, `live_[0-9A-Za-z_-]{40}`, practice+"https://developer.gocardless.com/api-reference/#making-requests-authentication", "live_"+made(base64URL, 40))),
		flutterwave,
		assignedTo("wise-api-token", "Wise API token", advisory.Critical, []string{"transferwise", "wise_api", "wise_token"}, `[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}`,
			practice+"https://docs.wise.com/api-docs/features/authentication-access/personal-token", madeUUID()),
	}
}

func isHex(b []byte) bool { return len(b) > 0 && len(bytes.Trim(b, strings.ToLower(lowerHex))) == 0 }
