/* SPDX-License-Identifier: MIT */
/* Five accounts of the generic driver, of as many shapes, and three of esms: for answer.c, receipt.c. */
#pragma once

#include <stdlib.h>

#include "base/json.h"
#include "base/mem.h"
#include "providers/provider.h"
#include "tests/fuzz/fuzz.h"

#define GATEWAYS 8

struct gateway {
	const char *settings; /* JSON, with ' for " */
	size_t messages;      /* in its batch */
	bool is_text;	      /* its answers; else they are JSON */
	int statuses[3];      /* those that alone say something, besides 429 and 503; 0 = none */
	const char *driver;   /* NULL = generic */
};

static const struct gateway gateways[GATEWAYS] = {
	{
		/* a list, found by the reference */
		"{'url':'http://g.example/batch','shape':'list','batch':{'max':10},"
		"'body':{'m':{'$each':{'to':'${phone}','text':'${text}','ref':'${reference}'}}},"
		"'dedupe':{'by':'reference','window_s':60,'meaning':'accepted'},"
		"'answer':{'code':'code',"
		"'items':{'at':'results','reference':'ref','code':'code','id':'id'}},"
		"'codes':{'0':'accepted','1':'duplicate','10':'bad-recipient','11':'bad-message',"
		"'20':'throttled','21':'temporary','40':'bad-account'},"
		"'receipts':{'in':'json','items':'r','reference':'ref','id':'id','status':'s',"
		"'statuses':{'D':'delivered','U':'undeliverable','A':'accepted'}}}",
		.messages = 3,
	},
	{
		/* one text to many, the bad numbers named; no receipts */
		"{'url':'http://g.example/one','shape':'one_text','batch':{'max':10},"
		"'body':{'to':{'$each':'${phone}'},'text':'${text}'},'counts':'requests',"
		"'answer':{'code':['code','c.d'],'id':'data.id',"
		"'refused_phones':['data.bad','bad'],'retry_after_header':'X-Reset'},"
		"'codes':{'00':'accepted','105':'bad-recipient','500':'temporary'}}",
		.messages = 4,
	},
	{
		/* text, and statuses that speak; receipts by GET */
		"{'url':'http://g.example/get','method':'GET',"
		"'query':{'to':'${phone}','text':'${text}','id':'${reference}'},"
		"'answer':{'format':'text'},'codes':{'0':'accepted','3':'throttled'},"
		"'http':{'413':'bad-message','403':'bad-account'},"
		"'receipts':{'in':'query','reference':'id','status':'type',"
		"'statuses':{'1':'delivered','16':'undeliverable','8':'accepted'}}}",
		.messages = 1,
		.is_text = true,
		.statuses = {413, 403},
	},
	{
		/* one text to many, found by the phone; success is an id */
		"{'url':'http://g.example/by-phone','shape':'one_text','batch':{'max':10},"
		"'body':{'m':{'$each':{'to':'${phone}'}},'text':'${text}'},"
		"'answer':{'items':{'at':'d[0].list','phone':'phone','code':'status','id':'id',"
		"'success':['id']},'retry_after':'wait'},"
		"'codes':{'ok':'accepted','no':'bad-recipient','late':'closed-hours'},"
		"'http':{'503':'temporary'},"
		"'receipts':{'in':'json','items':'','id':['a[*].id','id'],'status':'state',"
		"'statuses':{'done':'delivered'}}}",
		.messages = 4,
		.statuses = {503},
	},
	{
		/* one message; receipts as a form, by the gateway's id */
		"{'url':'http://g.example/form','body':{'to':'${phone}','text':'${text}'},"
		"'content_type':'application/x-www-form-urlencoded',"
		"'answer':{'code':['r.code','code'],'id':['r[0].id','id'],'success':['id']},"
		"'codes':{'100':'accepted','7':'quota-tomorrow'},"
		"'receipts':{'in':'form','id':'id','status':'status',"
		"'statuses':{'1':'delivered','2':'undeliverable'}}}",
		.messages = 1,
	},
	{
		"{'api_key':'a','secret_key':'s','type':'cskh','codes':{'7':'temporary'}}",
		.messages = 1,
		.driver = "esms",
	},
	{
		"{'api_key':'a','secret_key':'s','type':'qc'}",
		.messages = 4,
		.driver = "esms",
	},
	{
		"{'api_key':'a','secret_key':'s','type':'qc',"
		"'receiver_states':{'1/1':'delivered','1/0':'undeliverable'}}",
		.messages = 3,
		.driver = "esms",
	},
};

static inline const struct driver *
gateway_driver(size_t i)
{
	return driver_find(gateways[i].driver != NULL ? gateways[i].driver : "generic", NULL);
}

/* The account; opened once and kept. */
static inline struct provider *
gateway_open(size_t i)
{
	static struct provider *opened[GATEWAYS];
	struct err_ctx e = {0};
	json_t *v = NULL;
	struct json_at at;
	char *text;

	if (opened[i] != NULL)
		return opened[i];
	text = xstrdup(gateways[i].settings);
	for (char *p = text; *p != '\0'; p++)
		*p = *p == '\'' ? '"' : *p;
	must(json_parse(slice_of(text), 1 << 20, "settings", &v, &e) == ERR_OK, "gateway %zu: %s",
	     i, e.why);
	at = json_root(v);
	must(gateway_driver(i)->open(&at, &opened[i], &e) == ERR_OK, "gateway %zu: %s: %s", i,
	     e.what, e.why);
	json_decref(v);
	free(text);
	return opened[i];
}
